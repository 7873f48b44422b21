/** Compares connectors and tools: effect, reversibility, the facts an action rests on, pins, and all else by name. */
import { isDeepStrictEqual } from "node:util";

import type { Change, GovernedTool, RestsOn, Snapshot } from "@airworthy/contract";

import { durationMs } from "../../kernel/duration.ts";
import { kindOf, listNames, pairUp } from "./diff-entries.ts";
import type { Consequence, Pair } from "./diff-entries.ts";

type Content = Pick<Snapshot, "connectors" | "tools">;
type Say = (control: Consequence["control"], detail: string) => void;

export function diffTools(from: Content, to: Content): Consequence[] {
  const found: Consequence[] = [];
  const sayOf =
    (name: string, kind: Change["kind"]): Say =>
    (control, detail) =>
      found.push({ control, change: { group: "tools", kind, name, detail } });
  for (const pair of pairUp(from.tools, to.tools)) describeTool(pair, sayOf(pair.name, kindOf(pair)));
  for (const pair of pairUp(from.connectors, to.connectors)) describeConnector(pair, sayOf(pair.name, kindOf(pair)));
  return found;
}

function describeTool({ name, was, is }: Pair<GovernedTool>, say: Say): void {
  if (is === undefined) return say("more", `tool ${name} is removed; no agent can use it`);
  if (was === undefined) return say("less", `tool ${name} of ${is.connector} is new: ${showEffect(is)}`);
  if (showEffect(was) !== showEffect(is)) say("less", `tool ${name} is now ${showEffect(is)} (was ${showEffect(was)})`);
  if (was.connector !== is.connector)
    say("same", `tool ${name} moves from connector ${was.connector} to ${is.connector}`);
  describeFacts(was, is, say);
  describeSafety(was, is, say);
  describeReadiness(was, is, say);
  const other = listChangedKeys(was.definition, is.definition);
  if (other.length > 0) say("same", `tool ${name} changed (${other.join(", ")})`);
}

function describeFacts(was: GovernedTool, is: GovernedTool, say: Say): void {
  const before = new Map((was.definition.rests_on ?? []).map((rule) => [nameOf(rule), rule]));
  const after = new Map((is.definition.rests_on ?? []).map((rule) => [nameOf(rule), rule]));
  for (const [fact, rule] of after) {
    const old = before.get(fact);
    if (old === undefined) say("more", `${is.name} now rests on ${fact}, at most ${rule.maxAge} old`);
    else if (old.maxAge !== rule.maxAge) {
      const isLooser = durationMs(rule.maxAge) > durationMs(old.maxAge);
      say(isLooser ? "less" : "more", `${is.name} accepts ${fact} up to ${rule.maxAge} old (was ${old.maxAge})`);
    }
    if (old === undefined || isDeepStrictEqual({ ...old, maxAge: rule.maxAge }, rule)) continue;
    say("same", `${is.name} looks ${fact} up in another way, at ${rule.lookup.tool}`);
  }
  for (const fact of before.keys()) {
    if (!after.has(fact)) say("less", `${is.name} no longer rests on ${fact}; it may be stale or unread`);
  }
}

const nameOf = ({ fact, each }: RestsOn): string => (each === undefined ? fact : `${fact} of each of ${each}`);

const losses = {
  amount: "no longer has an amount; budgets do not count it",
  entity: "no longer names its business object",
  touches: "no longer names what else it touches",
  outcome: "no longer says what it leaves behind; nobody else's action is held for it",
  idempotency: "no longer declares how a repeat is recognised",
  probe: "no longer has a probe; an interrupted effect may stay unknown",
  compensate: "no longer has a compensation; it cannot be recalled",
} as const;

const lossKeys = ["amount", "entity", "touches", "outcome", "idempotency", "probe", "compensate"] as const;

function describeSafety(was: GovernedTool, is: GovernedTool, say: Say): void {
  for (const key of lossKeys) {
    if (was.definition[key] !== undefined && is.definition[key] === undefined) say("less", `${is.name} ${losses[key]}`);
  }
  const [pinWas, pinIs] = [pinOf(was), pinOf(is)];
  if (pinWas !== pinIs) say("same", `${is.name} is pinned to another definition (${pinIs?.slice(0, 19) ?? "none"}…)`);
}

function describeReadiness(was: GovernedTool, is: GovernedTool, say: Say): void {
  const [before, after] = [was.definition.requires_ready ?? [], is.definition.requires_ready ?? []];
  const dropped = before.filter((name) => !after.includes(name));
  const added = after.filter((name) => !before.includes(name));
  if (dropped.length > 0) say("less", `${is.name} no longer needs ${listNames(dropped)} to be ready`);
  if (added.length > 0) say("more", `${is.name} is refused while ${listNames(added)} has a severe open finding`);
}

function pinOf({ definition }: GovernedTool): string | undefined {
  return "pin" in definition ? definition.pin : undefined;
}

/** Keys whose change has a sentence of its own. */
const described: ReadonlySet<string> = new Set([
  "name",
  "effect",
  "reversibility",
  "rests_on",
  "requires_ready",
  "pin",
]);

function listChangedKeys(was: object, is: object): string[] {
  const [before, after] = [new Map(Object.entries(was)), new Map(Object.entries(is))];
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.filter((key) => {
    const isLoss = Object.hasOwn(losses, key) && after.get(key) === undefined;
    return !described.has(key) && !isLoss && !isDeepStrictEqual(before.get(key), after.get(key));
  });
}

function showEffect({ effect, reversibility }: GovernedTool): string {
  return effect === "read" ? "read" : `write, ${reversibility}`;
}

function describeConnector({ name, was, is }: Pair<Snapshot["connectors"][string]>, say: Say): void {
  if (is === undefined) return say("more", `connector ${name} is removed`);
  if (was === undefined) return say("same", `connector ${name} is new (${is.type})`);
  const keys = listChangedKeys({ ...was, tools: [] }, { ...is, tools: [] });
  if (keys.length > 0) say("same", `connector ${name} changed its ${listNames(keys)}`);
}
