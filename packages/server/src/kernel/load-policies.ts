/** Loads a snapshot's policies into an engine, after a disposable thread has checked them once more. */
import { AirworthyError, type Snapshot } from "@airworthy/contract";

import type { PolicyEngine } from "./policy/engine.ts";
import { validateBundle } from "./policy/validate-bundle.ts";
import { toPolicyTools } from "./policy-tools.ts";

/** @throws AirworthyError `internal` when the policies do not validate: the engine then keeps what it has. */
export async function loadPolicies(engine: Pick<PolicyEngine, "load">, snapshot: Snapshot): Promise<void> {
  const { tenant, version, digest } = snapshot;
  const tools = toPolicyTools(snapshot);
  const { policies, findings } = await validateBundle({
    policies: snapshot.policies,
    tools,
    teams: Object.keys(snapshot.teams),
  });
  const fault = findings.find((finding) => finding.severity === "error");
  if (fault)
    throw new AirworthyError("internal", `Snapshot ${version} of ${tenant} does not validate: ${fault.message}`);
  await engine.load({ tenant, version, digest, policies, tools });
}
