/** Arguments on their way to a tool: filled from the person's claim, tokens turned into values, classes found, rules applied. */
import type {
  AgentDocument,
  DataUse,
  GovernedTool,
  Json,
  JsonObject,
  OnBehalfOf,
  Reason,
  Snapshot,
} from "@airworthy/contract";

import { asJsonObject, isJsonArray, isJsonObject } from "../json.ts";
import { chooseTreatment, leads, type Treatment, type Way } from "./choose-treatment.ts";
import { type Classifying, classifyJson, type DeclaredField } from "./classify-json.ts";
import type { ClassStore, TokenMeaning } from "./class-store.ts";
import { coversClass } from "./covers-class.ts";
import { findTokens } from "./data-token.ts";
import { compileField, showSteps, type Steps } from "./field-pattern.ts";
import { fillFromClaim } from "./fill-from-claim.ts";
import { gather, treatJson } from "./treat-json.ts";

export type PreparedArguments = {
  /** With tokens turned into values: what is judged, and what facts are looked up by. */
  readonly judged: JsonObject;
  /** What the tool is sent. */
  readonly sent: JsonObject;
  readonly uses: readonly DataUse[];
  /** The classes that the arguments carry, place by place. */
  readonly carried: readonly { readonly path: string; readonly class: string }[];
  /** Values that the agent knows by a token only: no word to it may hold them. */
  readonly hidden: readonly { readonly value: string; readonly token: string }[];
  readonly problems: readonly Reason[];
};
type ToPrepare = {
  readonly tenant: string;
  readonly snapshot: Snapshot;
  readonly agent: string;
  readonly tool: GovernedTool;
  readonly arguments: JsonObject;
  readonly onBehalfOf: OnBehalfOf | undefined;
};
type Ports = {
  readonly store: ClassStore;
  readonly lookingOf: (declared: readonly DeclaredField[]) => Classifying;
};
type Known = ReadonlyMap<string, TokenMeaning>;

/** More than this many different tokens in one call are left as they are. */
const tokensMax = 500;

export async function prepareArguments(to: ToPrepare, { store, lookingOf }: Ports): Promise<PreparedArguments> {
  const { tenant, snapshot, tool } = to;
  const filled = fillFromClaim(to.arguments, tool.definition.from_claim, to.onBehalfOf);
  const accepted = Object.entries(tool.definition.accepts ?? {}).flatMap(([name, paths]) =>
    paths.map((path): DeclaredField => ({ class: name, matches: compileField(path) })),
  );
  const agent: AgentDocument | undefined = Object.hasOwn(snapshot.agents, to.agent)
    ? snapshot.agents[to.agent]
    : undefined;
  const way: Way = { agent, tool, to: "tool" };
  const rules = Object.values(snapshot.dataRules).filter((rule) => leads(rule, way));
  const treat = (one: string): Treatment | undefined => chooseTreatment(rules, one, way);

  const places = listTokens(filled.arguments);
  const known: Known =
    places.size === 0 ? new Map() : await store.reveal(tenant, [...places.keys()].slice(0, tokensMax));
  const judged = resolve(filled.arguments, [], { known, accepted });
  const leaves = await classifyJson(judged.value, lookingOf(accepted));
  const treated = await treatJson(judged.value, leaves, {
    at: "arguments",
    treat,
    tokenise: (values) => store.tokenise(tenant, values),
    guarded: rules.length > 0,
  });
  const uses = gather([...judged.uses, ...treated.uses]);
  return {
    judged: asObject(judged.value),
    sent: asObject(treated.value),
    uses,
    carried: uses.map((use) => ({ path: use.path, class: use.class })),
    hidden: judged.hidden,
    problems: [
      ...filled.problems,
      ...judged.erased.map((path) => gone(path, tool)),
      ...uses.filter((use) => use.did === "blocked").map((use) => blocked(use, tool)),
    ],
  };
}

const asObject = (value: Json): JsonObject => (isJsonObject(value) ? value : asJsonObject({}));

/** Class and place, never the value. */
function blocked({ class: one, path, rule }: DataUse, { name }: GovernedTool): Reason {
  const detail = `Argument ${path} holds ${one}, which ${name} may not have (rule ${rule ?? "of data"}).`;
  return { code: "data_blocked", effect: "deny", detail };
}

/** The tool would be sent a token where it takes a value. */
function gone(path: string, { name }: GovernedTool): Reason {
  const detail = `Argument ${path} holds a token whose value was erased, so ${name} cannot be sent it. Read it again, if it is still there.`;
  return { code: "data_erased", effect: "deny", detail };
}

function listTokens(root: Json, found = new Map<string, true>()): ReadonlyMap<string, true> {
  if (typeof root === "string") for (const { token } of findTokens(root)) found.set(token, true);
  else if (isJsonArray(root)) for (const item of root) listTokens(item, found);
  else if (isJsonObject(root)) for (const member of Object.values(root)) listTokens(member, found);
  return found;
}

type Resolving = {
  readonly known: Known;
  readonly accepted: readonly DeclaredField[];
};
type Resolved = {
  readonly value: Json;
  readonly uses: DataUse[];
  readonly hidden: { readonly value: string; readonly token: string }[];
  /** Where a token that would have become its value no longer has one. */
  readonly erased: string[];
};

/** A token becomes its value only where the tool declares that it takes that class, and elsewhere stays a token. */
function resolve(root: Json, steps: Steps, resolving: Resolving): Resolved {
  if (typeof root === "string") return resolveText(root, steps, resolving);
  if (isJsonArray(root)) {
    const items = root.map((item, at) => resolve(item, [...steps, at], resolving));
    return join(
      items,
      items.map((item) => item.value),
    );
  }
  if (!isJsonObject(root)) return { value: root, uses: [], hidden: [], erased: [] };
  const members = Object.entries(root).map(
    ([name, member]) => [name, resolve(member, [...steps, name], resolving)] as const,
  );
  return join(
    members.map(([, member]) => member),
    Object.fromEntries(members.map(([name, member]) => [name, member.value])),
  );
}

function join(parts: readonly Resolved[], value: Json): Resolved {
  return {
    value,
    uses: parts.flatMap((part) => part.uses),
    hidden: parts.flatMap((part) => part.hidden),
    erased: parts.flatMap((part) => part.erased),
  };
}

function resolveText(text: string, steps: Steps, { known, accepted }: Resolving): Resolved {
  const uses: DataUse[] = [];
  const hidden: { value: string; token: string }[] = [];
  const erased: string[] = [];
  let value: Json = text;
  for (const { token, from, to } of findTokens(text).toReversed()) {
    const meant = known.get(token);
    if (!meant) continue;
    const takes = accepted.some((one) => coversClass(one.class, meant.class) && one.matches(steps));
    const told = {
      at: "arguments" as const,
      path: showSteps(steps),
      class: meant.class,
      how: "token" as const,
      count: 1,
    };
    if (takes && !("value" in meant)) erased.push(showSteps(steps));
    const isRevealed = takes && "value" in meant;
    uses.push({ ...told, did: isRevealed ? "revealed" : "none" });
    if (!isRevealed || typeof value !== "string") continue;
    const said = typeof meant.value === "string" ? meant.value : JSON.stringify(meant.value);
    hidden.push({ value: said, token });
    value = from === 0 && to === text.length ? meant.value : value.slice(0, from) + said + value.slice(to);
  }
  return { value, uses, hidden, erased };
}
