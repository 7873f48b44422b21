/** Cedar's side of the engine, run in its thread: fills slots and judges calls against them. */
import { preparsePolicySet, preparseSchema } from "./cedar.ts";
import type { CheckParseAnswer } from "@cedar-policy/cedar-wasm/nodejs";

import { authorizeStrictly, messageOf } from "./cedar-authorize.ts";
import type { Authorization, StrictEntity } from "./cedar-authorize.ts";
import { settleOutcome } from "./counterfactual.ts";
import type { HostMessage, JudgeCall, PrepareStep, ShadowSaying, ThreadMessage, Verdict } from "./engine-messages.ts";
import { actionType, agentType, fleetType, systemType, toolType } from "./tool-schema.ts";

type ToolStep = Extract<PrepareStep, { kind: "tool" }>;
type SetStep = Extract<PrepareStep, { kind: "policies" }>;
type Slots = { readonly tools: Map<string, ToolStep>; readonly sets: Map<string, SetStep> };

/** Answers the engine's messages; owns what Cedar's own slots do not hold. Never throws. */
export function createJudge(): (message: HostMessage) => ThreadMessage {
  const slots: Slots = { tools: new Map(), sets: new Map() };
  return (message) => (message.type === "prepare" ? prepareAll(message, slots) : judgeAll(message, slots));
}

function prepareAll(message: Extract<HostMessage, { type: "prepare" }>, slots: Slots): ThreadMessage {
  const { job } = message;
  try {
    for (const step of message.steps) {
      const answer = prepare(step, slots);
      if (answer.type === "success") continue;
      const error = answer.errors.map((one) => one.message).join("; ");
      return { type: "prepared", job, poisoned: false, error };
    }
    return { type: "prepared", job, poisoned: false };
  } catch (error) {
    return { type: "prepared", job, poisoned: true, error: messageOf(error) };
  }
}

function prepare(step: PrepareStep, slots: Slots): CheckParseAnswer {
  if (step.kind === "tool") {
    slots.tools.delete(step.slot);
    const answer = preparseSchema(step.slot, step.schema);
    if (answer.type === "success") slots.tools.set(step.slot, step);
    return answer;
  }
  slots.sets.delete(step.slot);
  const answer = preparsePolicySet(step.slot, { staticPolicies: { ...step.texts } });
  if (answer.type === "success") slots.sets.set(step.slot, step);
  return answer;
}

function judgeAll(message: Extract<HostMessage, { type: "judge" }>, slots: Slots): ThreadMessage {
  const verdicts: Verdict[] = [];
  let poisoned = false;
  for (const call of message.calls) {
    const verdict = judge(call, slots);
    verdicts.push(verdict);
    poisoned = verdict.outcome.kind === "fault" && verdict.outcome.thrown;
    if (poisoned) break;
  }
  return { type: "judged", job: message.job, poisoned, verdicts };
}

function judge(call: JudgeCall, slots: Slots): Verdict {
  const tool = slots.tools.get(call.tool);
  const sets = [call.enforce, ...call.shadow].map((name) => slots.sets.get(name));
  if (tool === undefined || [tool, ...sets].some((step) => step?.edition !== call.edition)) {
    return refuse("this bundle is no longer in the engine's thread");
  }
  const ask = createAsker(call, tool.tool);
  const outcome = settleOutcome({
    authorize: (approvals) => ask(call.enforce, approvals),
    approverOf: (id) => readOwn(sets[0]?.approvers, id),
    granted: call.granted,
  });
  if (outcome.kind === "fault") return { outcome, shadow: [] };
  const shadow: ShadowSaying[] = [];
  for (const name of call.shadow) {
    const answer = ask(name, call.granted);
    if (answer.kind === "fault" && answer.thrown) return { outcome: answer, shadow: [] };
    shadow.push(...listSayings(answer, slots.sets.get(name)));
  }
  return { outcome, shadow };
}

/** A set holds permits only or forbids only, for Cedar names no permit beside a forbid. A failing policy denies. */
function listSayings(answer: Authorization, set: SetStep | undefined): readonly ShadowSaying[] {
  if (answer.kind === "fault") return answer.errored.map((policyId) => ({ policyId, effect: "deny" }));
  return answer.reasons.map((policyId) => {
    if (answer.decision === "allow") return { policyId, effect: "allow" };
    return { policyId, effect: readOwn(set?.approvers, policyId) === undefined ? "deny" : "escalate" };
  });
}

function readOwn(record: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

function refuse(detail: string): Verdict {
  return { outcome: { kind: "fault", detail, thrown: false, errored: [] }, shadow: [] };
}

/** Asks about this call under any policy set; only the principal, the resource and what they are in are passed. */
function createAsker(
  call: JudgeCall,
  tool: ToolStep["tool"],
): (set: string, approvals: readonly string[]) => Authorization {
  const { agent, context } = call;
  const principal = { type: agentType, id: agent.id };
  const resource = { type: toolType, id: tool.name };
  const fleet = { type: fleetType, id: agent.fleet };
  const system = { type: systemType, id: tool.system };
  const entities: readonly StrictEntity[] = [
    {
      uid: principal,
      attrs: { autonomy: agent.autonomy, stage: agent.stage, level: agent.level },
      parents: agent.fleet === "" ? [] : [fleet],
    },
    { uid: resource, attrs: { effect: tool.effect, reversibility: tool.reversibility }, parents: [system] },
    { uid: system, attrs: {}, parents: [] },
    ...(agent.fleet === "" ? [] : [{ uid: fleet, attrs: {}, parents: [] }]),
  ];
  return (set, approvals) =>
    authorizeStrictly({
      principal,
      action: { type: actionType, id: tool.name },
      resource,
      context: { ...context, env: { ...context.env, approvals: [...approvals] } },
      preparsedSchemaName: call.tool,
      preparsedPolicySetId: set,
      entities,
    });
}
