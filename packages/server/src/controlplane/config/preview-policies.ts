/** "What would this have changed?": the live and the candidate policies judge the recorded past, side by side. */
import type { Preview, Snapshot } from "@airworthy/contract";

import type { RecordedDecision } from "../../kernel/control-store.ts";
import { createPolicyEngine, type PolicyAnswer, type PolicyEngine } from "../../kernel/policy/engine.ts";
import { fillRequest } from "../../kernel/policy/fill-request.ts";
import { loadPolicies } from "../../kernel/load-policies.ts";

/** The same request under both, so that only the policies differ; approvals given then do not count here. */
export async function previewPolicies(
  { live, candidate }: { live: Snapshot; candidate: Snapshot },
  decisions: readonly RecordedDecision[],
): Promise<Preview> {
  if (decisions.length === 0 || live.version === 0) return { replayed: 0, same: 0, changed: [], unjudgeable: 0 };
  const engine = createPolicyEngine({ maxWaiting: 200_000, deadlineMs: 120_000 });
  try {
    for (const snapshot of [live, candidate]) await loadPolicies(engine, snapshot);
    return await compare({ engine, live, candidate }, decisions);
  } finally {
    await engine.close();
  }
}

async function compare(
  { engine, live, candidate }: { engine: PolicyEngine; live: Snapshot; candidate: Snapshot },
  decisions: readonly RecordedDecision[],
): Promise<Preview> {
  const changed: Preview["changed"] = [];
  let unjudgeable = 0;
  const pairs = await Promise.all(
    decisions.map(async (decision) => {
      const ask = ({ version, tools }: Snapshot): Promise<PolicyAnswer> => {
        const facets = Object.keys(tools[decision.tool]?.definition.facets ?? {});
        return engine.evaluate({ ...fillRequest(decision.request, facets), version });
      };
      return { decision, was: await ask(live), now: await ask(candidate) };
    }),
  );
  for (const { decision, was, now } of pairs) {
    if (now.reasons.some(({ code }) => code === "missing_input" || code === "engine_fault")) unjudgeable += 1;
    else if (was.effect !== now.effect || was.approvers.join() !== now.approvers.join()) {
      const { action, tool, agent } = decision;
      changed.push({ action, tool, agent, was: was.effect, now: now.effect, detail: describe(now) });
    }
  }
  const same = decisions.length - changed.length - unjudgeable;
  return { replayed: decisions.length, same, changed, unjudgeable };
}

function describe(answer: PolicyAnswer): string {
  const telling = answer.reasons.find((reason) => reason.effect === answer.effect) ?? answer.reasons[0];
  const who = answer.approvers.length > 0 ? ` (needs ${answer.approvers.join(", ")})` : "";
  return `${telling?.detail ?? answer.effect}${who}`;
}
