/** What an action's answer looks like to a model: an MCP tool result that says in plain sentences what happened and what to do. */
import type { ActionAnswer, Decision, HeldBack, Json, JsonObject, Reason } from "@airworthy/contract";

import { isJsonArray, isJsonObject } from "../../kernel/json.ts";

const actionKey = "airworthy/action";

/** Data for machines stays out of `structuredContent`, which clients validate against the tool's own output schema. */
function withAction(result: JsonObject, answer: ActionAnswer): JsonObject {
  const { id, status, decision, approval } = answer;
  const meta = result["_meta"];
  const action: Record<string, Json> = { id, status };
  if (decision) action["decision"] = toJson(decision);
  if (approval !== undefined) action["approval"] = approval;
  return { ...result, _meta: { ...(isJsonObject(meta) ? meta : {}), [actionKey]: action } };
}

/** A decision without its absent members. */
function toJson(decision: Decision): Json {
  const plain: Json = JSON.parse(JSON.stringify(decision));
  return plain;
}

function readable(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

function changedSentence(fact: NonNullable<Reason["fact"]>): string | undefined {
  const { name, key, was, now, ageMs, maxAgeMs } = fact;
  if (was === undefined || now === undefined || readable(was) === readable(now)) return undefined;
  const age = ageMs === undefined ? "" : `your value was ${seconds(ageMs)} old`;
  const limit = maxAgeMs === undefined ? "" : `limit ${seconds(maxAgeMs)}`;
  const ages = [age, limit].filter((part) => part !== "").join(", ");
  const aside = ages === "" ? "" : ` (${ages})`;
  return `The value of ${name} for ${key} changed from ${readable(was)} to ${readable(now)} since you read it${aside}.`;
}

const sentenceOf = (reason: Reason): string =>
  endSentence((reason.fact && changedSentence(reason.fact)) ?? reason.detail);

/** A sentence begins with a capital and ends with a full stop, whoever wrote its words. */
function endSentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** The reasons that speak for the effect, or all when none does. */
function reasonsOf(answer: ActionAnswer): readonly Reason[] {
  const { effect, reasons = [] } = answer.decision ?? {};
  const decisive = reasons.filter((reason) => reason.effect === effect);
  return decisive.length > 0 ? decisive : reasons;
}

function say(answer: ActionAnswer, lines: readonly string[]): JsonObject {
  const text = [...lines, `Action ${answer.id}.`].join("\n");
  return withAction({ content: [{ type: "text", text }], isError: true }, answer);
}

/** Reasons that pass without anything the agent does: the same call may be allowed once they have. */
const passing: ReadonlySet<string> = new Set([
  "fact_unavailable",
  "fact_stale",
  "tool_unavailable",
  "stopped",
  "budget_exceeded",
  "engine_fault",
  "contention",
]);

function adviceFor(reasons: readonly Reason[]): string {
  const isChanged = reasons.some(({ code }) => code === "fact_changed");
  if (isChanged) return "Read it again and decide again.";
  return reasons.length > 0 && reasons.every(({ code }) => passing.has(code))
    ? "The same call may be allowed later."
    : "Repeating this call will not help; choose another way or leave it to a person.";
}

/** Refused: nothing was done. */
export function refusedResult(answer: ActionAnswer): JsonObject {
  const reasons = reasonsOf(answer);
  const advice = adviceFor(reasons);
  return say(answer, ["This call was refused and nothing was done.", ...reasons.map(sentenceOf), advice]);
}

/** Held: nothing was done yet. */
export function pendingResult(answer: ActionAnswer): JsonObject {
  const approvers = answer.decision?.approvers ?? [];
  const whom = approvers.length > 0 ? approvers.join(" and ") : "the running call";
  const reasons = answer.status === "waiting" ? reasonsOf(answer).map(sentenceOf) : [];
  return say(answer, [
    "This call has not run yet.",
    ...reasons,
    `Waiting for ${whom}. Repeat the identical call later; it will run once.`,
  ]);
}

/** Failed: it was tried and did not happen. The upstream's own error result is passed on where there is one. */
export function failedResult(answer: ActionAnswer): JsonObject {
  const { error, result } = answer;
  if (isJsonObject(result) && result["isError"] === true && Array.isArray(result["content"])) {
    return withAction(result, answer);
  }
  const advice =
    error?.retryable === true ? "The same call may succeed later." : "Repeating the same call will not help.";
  return say(answer, [`This call failed and nothing was done: ${error?.message ?? "no reason was given"}`, advice]);
}

/** Unknown: it may or may not have happened, and nobody has established which. */
export function unknownResult(answer: ActionAnswer): JsonObject {
  return say(answer, [
    "It is not known whether this call took effect: the connection to the system ended before it answered.",
    "Do not try it in another way. It is being checked; repeat the identical call later to learn the outcome.",
  ]);
}

/** Shadowed: judged and recorded, not carried out. */
export function shadowedResult(answer: ActionAnswer): JsonObject {
  return say(answer, [
    "This agent is in its shadow stage: the call was judged and recorded, and nothing was done.",
    "Go on as if it had been proposed to a person; do not repeat it.",
  ]);
}

function heldBackSentence({ contract, records, faults }: HeldBack): string {
  const whole = records === 1 ? "1 record of this answer is" : `${records} records of this answer are`;
  const why = faults.map(
    ({ record, field, expected, found }) => `record ${record}: ${field} should be ${expected}, found ${found}`,
  );
  const more = records > faults.length ? "; and others" : "";
  return `${whole} held back and not shown, because the source broke its contract ${contract} (${why.join("; ")}${more}). Do not treat the answer as complete. People can look at them in quarantine.`;
}

/** What a model must know of data that it does not see as it is, or it would take a token for a name and a part for the whole. */
function describeHandling({ data = [], leftOut = 0 }: ActionAnswer): string[] {
  const treated = data.filter(({ at, did }) => at === "result" && (did === "masked" || did === "tokenised"));
  const classes = [...new Set(treated.map((use) => use.class))].join(", ");
  const tokens = treated.some((use) => use.did === "tokenised")
    ? " A text that begins with tok_ stands for the value: use it as it is where the value is needed."
    : "";
  return [
    ...(leftOut > 0
      ? [`${leftOut === 1 ? "1 row was" : `${leftOut} rows were`} left out: outside the limits of the person.`]
      : []),
    ...(classes === "" ? [] : [`Some data is not shown as it is: ${classes}.${tokens}`]),
  ];
}

/** Done. An MCP upstream's result is passed on as it is; another system's is shown as JSON text and as structured content. */
export function doneResult(answer: ActionAnswer, isMcpUpstream: boolean): JsonObject {
  const { result = null, heldBack } = answer;
  const told = [...describeHandling(answer), ...(heldBack ? [heldBackSentence(heldBack)] : [])];
  const notices = told.map((text) => ({ type: "text", text }));
  if (isMcpUpstream && isJsonObject(result)) {
    const { content } = result;
    const whole =
      notices.length > 0 && isJsonArray(content) ? { ...result, content: [...content, ...notices] } : result;
    return withAction(whole, answer);
  }
  const shown: Record<string, Json> = { content: [{ type: "text", text: readable(result) }, ...notices] };
  if (isJsonObject(result)) shown["structuredContent"] = result;
  return withAction(shown, answer);
}

/** The result for any answer, by its status. */
export function toolResultOf(answer: ActionAnswer, isMcpUpstream: boolean): JsonObject {
  switch (answer.status) {
    case "done":
      return doneResult(answer, isMcpUpstream);
    case "refused":
      return refusedResult(answer);
    case "failed":
      return failedResult(answer);
    case "unknown":
      return unknownResult(answer);
    case "shadowed":
      return shadowedResult(answer);
    case "running":
    case "waiting":
    case "queued":
      return pendingResult(answer);
    default:
      return answer.status satisfies never;
  }
}
