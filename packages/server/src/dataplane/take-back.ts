/** Takes back one action of a recall: a governed action of the principal `recall`, begun once, followed to its end. */
import type { ActionId, ActionRecord, ActionStatus, RecallChoice, RecallLeave } from "@airworthy/contract";

import type { NewAction } from "../kernel/action-store.ts";
import { digestJson } from "../kernel/canonical.ts";
import { newId } from "../kernel/ids.ts";
import { recallName } from "../kernel/recall-principal.ts";
import type { RecallClaim, RecallStep, RecallWork, StepEnd, TakenBack } from "../kernel/recall-store.ts";
import { readFacets } from "./1-context/facets.ts";
import { applies, entitiesOf } from "./3-checkpoint/checks.ts";
import { walkAction, type WalkDeps } from "./walk.ts";

export type TakeBackDeps = WalkDeps & { readonly recalls: RecallWork };

/** What a step came to for the whole recall: it goes on, or it must pause and says why. */
export type Taken = { readonly paused?: string };

/** One pending step: looked at, begun, walked. Nothing is begun that a stop covers or that somebody has taken back. */
export async function takeBack(claim: RecallClaim, step: RecallStep, deps: TakeBackDeps): Promise<Taken> {
  const { recalls } = deps;
  if (step.choice === "leave") {
    await recalls.passOver(claim);
    return {};
  }
  const obstacle = await findObstacle(claim, step, deps);
  if (obstacle && "pause" in obstacle) return { paused: obstacle.pause };
  if (obstacle) {
    const { end, given } = obstacle;
    const task = given && { ...given, owner: await ownerOf(claim, step, deps) };
    await recalls.conclude(claim, { ...end, task });
    return {};
  }
  const via = newId("act");
  if (!(await recalls.begin(claim, step, via))) return {};
  await walkStep(claim, { ...step, via, state: "acting" }, deps);
  return followStep(claim, { ...step, via, state: "acting" }, deps);
}

/** What is under way: walked on if its walk never began, and written down once it has an end. */
export async function followStep(claim: RecallClaim, step: RecallStep, deps: TakeBackDeps): Promise<Taken> {
  if (step.via === undefined) return {};
  let known = await deps.actions.read(claim.tenant, step.via);
  if (!known) {
    // The node that wrote down the intent got no further.
    await walkStep(claim, step, deps);
    known = await deps.actions.read(claim.tenant, step.via);
  }
  if (!known) return {};
  const { record, walk } = known;
  if (record.status === "running" || record.status === "queued") {
    // Its first walker died, or wakes up to find its claim gone: recovery need not wait until that runs out by itself.
    if (step.state === "acting" && walk === 1)
      await deps.actions.release({ tenant: claim.tenant, id: record.id, walk });
    return {};
  }
  const stopped = record.status === "refused" ? findReason(record, "stopped") : undefined;
  const end = await describeEnd(claim, { step, record }, deps);
  if (end.state !== step.state) await deps.recalls.conclude(claim, end);
  return stopped === undefined ? {} : { paused: stopped };
}

type Given = { readonly kind: "compensation" | "manual" | "notice" };
type Obstacle = { readonly end: Omit<StepEnd, "task">; readonly given?: Given } | { readonly pause: string };

/** Why a step is not begun: it is for a person, it was taken back before, it cannot be, or a stop covers it. */
async function findObstacle(claim: RecallClaim, step: RecallStep, deps: TakeBackDeps): Promise<Obstacle | undefined> {
  const { action, choice, call } = step;
  if (choice === "manual" || !call) return giveToPerson(step);
  const before = await deps.recalls.takenBackBy(claim, step);
  if (before) return describeBefore(step, before);
  const effect = await deps.actions.readEffect(claim.tenant, action);
  if (effect?.state !== "done") {
    return byHand(action, `Whether it was done is ${effect?.state ?? "not known"}: no effect is certain.`, "manual");
  }
  return findHindrance(claim, { step, call }, deps);
}

const withoutCall: Readonly<Record<RecallChoice, string>> = {
  manual: "A person was chosen to see to it.",
  notify: "Its tool declares no correction, so a person tells the recipients.",
  compensate: "Its tool declares no compensation.",
  leave: "It is to stay.",
};

const giveToPerson = ({ action, choice, missing }: RecallStep): Obstacle =>
  byHand(action, missing ?? withoutCall[choice], choice === "notify" ? "notice" : "manual");

function describeBefore({ action, choice }: RecallStep, before: TakenBack): Obstacle {
  if ("handledIn" in before) {
    return { end: { action, state: "left", detail: `A person saw to it for ${before.handledIn}.`, elsewhere: true } };
  }
  const { how, by } = before;
  if (how === "doubtful") return fail(action, `${by} may have done it; say first what became of that.`);
  const state = choice === "notify" ? "left" : "compensated";
  return { end: { action, state, via: by, detail: `${by} did it already.`, elsewhere: true } };
}

type Called = { readonly step: RecallStep; readonly call: NonNullable<RecallStep["call"]> };

/** What stands in the way now and did not when people signed: another tool under the name, or a stop. */
async function findHindrance(
  claim: RecallClaim,
  { step, call }: Called,
  deps: TakeBackDeps,
): Promise<Obstacle | undefined> {
  await deps.control.refresh(claim.tenant);
  const { snapshot, stops } = await deps.control.view(claim.tenant);
  const tool = Object.hasOwn(snapshot.tools, call.tool) ? snapshot.tools[call.tool] : undefined;
  if (tool?.digest !== call.digest) {
    return fail(step.action, `${call.tool} is not as it was when people signed: it was changed or removed since.`);
  }
  const { entity, touches } = readFacets(tool.definition, call.arguments);
  const entities = entitiesOf({ entity, touches, recall: await leaveOf(claim, step, deps) });
  const reach = { agent: recallName, tool: call.tool, effect: tool.effect, entities };
  const stop = stops.find((one) => applies(one, reach));
  return stop && { pause: `Stopped by ${stop.by} (${stop.id}): ${stop.reason}` };
}

const byHand = (action: ActionId, detail: string, kind: "manual" | "notice"): Obstacle => ({
  end: { action, state: "manual", detail },
  given: { kind },
});
const fail = (action: ActionId, detail: string): Obstacle => ({
  end: { action, state: "failed", detail },
  given: { kind: "compensation" },
});

/** Opens the action under the id that was written down before, so that however often this runs it is one action. */
async function walkStep(claim: RecallClaim, step: RecallStep, deps: TakeBackDeps): Promise<void> {
  if (!step.call || step.via === undefined) return;
  const { tool, arguments: args } = step.call;
  const argumentsDigest = digestJson(args);
  const idempotencyKey = `recall:${step.via}`;
  const action: NewAction = {
    id: step.via,
    tenant: claim.tenant,
    agent: recallName,
    tool,
    callDigest: digestJson([recallName, tool, argumentsDigest, null, idempotencyKey]),
    idempotencyKey,
    arguments: args,
    argumentsDigest,
    run: claim.id,
    onBehalfOf: undefined,
    confidence: undefined,
    rationale: `Takes ${step.action} back, as recall ${claim.id} says.`,
    protocol: undefined,
    recall: await leaveOf(claim, step, deps),
  };
  const opening = await deps.actions.open(action);
  if (opening.opened) await walkAction({ ...action, proposedAt: deps.clock.now(), walk: 1 }, deps);
}

async function leaveOf(
  claim: RecallClaim,
  { action, choice, restoresBudget }: RecallStep,
  { actions }: Pick<TakeBackDeps, "actions">,
): Promise<RecallLeave> {
  const taken = await actions.read(claim.tenant, action);
  const { entity, touches } = taken?.record ?? {};
  return {
    recall: claim.id,
    recalls: action,
    part: choice === "notify" ? "notify" : "compensate",
    teams: [...claim.teams],
    ...(restoresBudget ? { restoresBudget } : {}),
    entities: [...entitiesOf({ entity, touches })],
  };
}

type Ended = { readonly step: RecallStep; readonly record: ActionRecord };

async function describeEnd(claim: RecallClaim, { step, record }: Ended, deps: TakeBackDeps): Promise<StepEnd> {
  const { action, choice } = step;
  const owner = await ownerOf(claim, step, deps);
  const ends: Readonly<Record<Exclude<ActionStatus, "running" | "queued">, () => Omit<StepEnd, "action">>> = {
    done: () => ({ state: choice === "notify" ? "corrected" : "compensated" }),
    waiting: () => ({ state: "waiting", detail: `Waits for ${(record.decision?.approvers ?? []).join(", ")}.` }),
    unknown: () => ({
      state: "unknown",
      detail: `Nobody knows whether ${record.id} was done; say so with: airworthy actions resolve ${record.id}`,
      task: { kind: "unknown", owner },
    }),
    failed: () => failed(record.error?.message ?? "It failed.", owner),
    shadowed: () => failed("It was rehearsed and not carried out.", owner),
    refused: () => {
      // Nothing was tried: the recall was halted while its turn came. It has its turn again.
      const halted = findReason(record, "stopped") ?? findReason(record, "recall_closed");
      return halted === undefined ? failed(describeRefusal(record), owner) : { state: "pending", detail: halted };
    },
  };
  if (record.status === "running" || record.status === "queued") return { action, state: step.state };
  return { action, ...ends[record.status]() };
}

const failed = (detail: string, owner: string): Omit<StepEnd, "action"> => ({
  state: "failed",
  detail,
  task: { kind: "compensation", owner },
});

const findReason = ({ decision }: ActionRecord, code: string): string | undefined =>
  decision?.reasons.find((reason) => reason.code === code)?.detail;

function describeRefusal({ decision }: ActionRecord): string {
  const denials = decision?.reasons.filter((reason) => reason.effect === "deny") ?? [];
  return `Refused: ${denials.map((reason) => reason.detail).join(" ") || "no policy permits it to recall."}`;
}

/** Who sees to what goes wrong: the owner of the agent that acted; where it is gone, whoever started the recall. */
async function ownerOf({ tenant, startedBy }: RecallClaim, { agent }: RecallStep, deps: TakeBackDeps): Promise<string> {
  const { snapshot } = await deps.control.view(tenant);
  return (Object.hasOwn(snapshot.agents, agent) ? snapshot.agents[agent]?.owner : undefined) ?? startedBy;
}
