/** What a person's yes is bound to. If any of it changes, the approval is stale and is asked again. */
import type { Json } from "@airworthy/contract";

import type { Judgement, PlannedAction } from "../../kernel/action-walk.ts";
import { digestJson } from "../../kernel/canonical.ts";

type Judged = {
  readonly approvers: readonly string[];
  readonly obligations: Judgement["obligations"];
  readonly determining: Judgement["determining"];
  /** What the determining policies read of the business objects, digested; undefined when they read nothing of them. */
  readonly entities: Json | undefined;
};

/**
 * Digest of principal, tool version, canonical arguments (ours stripped), value digests of the facts it rests on,
 * approver set, obligations, the digests of the determining policies and what those read of the business objects. Never of ages, fetch times or confidence:
 * those differ on every walk without anything having changed.
 */
export function bindApproval(action: PlannedAction, judged: Judged): string {
  const { facts, factDigests, tool } = action.context;
  return digestJson({
    tenant: action.tenant,
    principal: action.agent,
    tool: action.tool,
    toolVersion: tool?.digest ?? null,
    arguments: action.argumentsDigest,
    onBehalfOf: action.onBehalfOf ? digestJson(action.onBehalfOf) : null,
    // What the tool is sent in place of what was shown.
    data: action.context.data.filter((use) => use.did !== "none").map(({ path, class: one, did }) => [path, one, did]),
    facts: facts.map(({ fact, key }, index) => [fact, key, factDigests[index] ?? null]),
    approvers: [...judged.approvers].toSorted(),
    obligations: { rationale: judged.obligations.rationale ?? null, mask: [...(judged.obligations.mask ?? [])] },
    policies: judged.determining.map(({ id, digest }) => `${id} ${digest}`).toSorted(),
    ...(judged.entities === undefined ? {} : { entities: judged.entities }),
  });
}
