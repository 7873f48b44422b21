/** Plans a configuration against the live one, and publishes exactly what was planned. */
import { AirworthyError, type ConfigFile, type Plan } from "@airworthy/contract";

import type { LedgerReader, SnapshotContent, SnapshotStore } from "../../kernel/control-store.ts";
import type { Control } from "../../kernel/deps.ts";
import { compileBundle } from "../registry/compile.ts";
import { diffSnapshots } from "../registry/diff.ts";
import { previewPolicies } from "./preview-policies.ts";

type Base = { readonly version: number; readonly digest: string };
export type ConfigPlanner = {
  readonly plan: (tenant: string, request: { files: ConfigFile[]; replay: number | undefined }) => Promise<Plan>;
  readonly apply: (
    tenant: string,
    request: { files: ConfigFile[]; base: Base; digest: string; by: string },
  ) => Promise<Base>;
};

/** Past decisions a plan is tried on unless it asks for another number. */
const defaultReplay = 1000;

export function createConfigPlanner(deps: {
  control: Control;
  ledger: LedgerReader;
  snapshots: SnapshotStore;
}): ConfigPlanner {
  return {
    plan: async (tenant, { files, replay = defaultReplay }) => {
      const { snapshot: live } = await deps.control.view(tenant);
      const { snapshot: content, findings } = await compileBundle(tenant, files);
      const candidate = content && { ...content, version: live.version + 1 };
      const decisions = candidate && replay > 0 ? await deps.ledger.decisions(tenant, replay) : [];
      return {
        schema: "airworthy.plan/1",
        tenant,
        base: { version: live.version, digest: live.digest },
        digest: content?.digest ?? "invalid",
        findings: [...findings],
        changes: candidate ? [...diffSnapshots(live, candidate)] : [],
        preview: candidate
          ? await previewPolicies({ live, candidate }, decisions)
          : { replayed: 0, same: 0, changed: [], unjudgeable: 0 },
        files,
      };
    },
    apply: async (tenant, { files, base, digest, by }) => {
      const { snapshot: content, findings } = await compileBundle(tenant, files);
      if (!content) throw invalid(findings);
      if (content.digest !== digest) throw differs(content, digest);
      const published = await deps.snapshots.publish(tenant, { content, files, base, by });
      await deps.control.refresh(tenant);
      return published;
    },
  };
}

function invalid(findings: readonly { file: string; line: number; column: number; message: string }[]): AirworthyError {
  const [first] = findings;
  const place = first && `${first.file}:${first.line}:${first.column}`;
  return new AirworthyError(
    "invalid_input",
    `The configuration does not validate: ${first?.message ?? "no reason given"}`,
    {
      ...(place === undefined ? {} : { place }),
      fix: "Run `airworthy check` for all findings with their places.",
    },
  );
}

function differs(content: SnapshotContent, digest: string): AirworthyError {
  return new AirworthyError("conflict", `These files make ${content.digest}, and the plan was for ${digest}.`, {
    fix: "Plan again and apply the new plan.",
  });
}
