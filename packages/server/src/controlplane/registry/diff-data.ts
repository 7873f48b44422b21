/** Compares data classes, rules of data, and the issuers who vouch for people. */
import { isDeepStrictEqual } from "node:util";

import type {
  AgreementDocument,
  DataClassDocument,
  DataRuleDocument,
  IssuerDocument,
  Snapshot,
} from "@airworthy/contract";

import { kindOf, listNames, pairUp } from "./diff-entries.ts";
import type { Consequence, Pair } from "./diff-entries.ts";

type Content = Pick<Snapshot, "dataClasses" | "dataRules" | "agreements" | "issuers">;
type Say = (control: Consequence["control"], detail: string) => void;

export function diffData(from: Content, to: Content): Consequence[] {
  const found: Consequence[] = [];
  const sayOf =
    (pair: Pair<unknown>): Say =>
    (control, detail) =>
      found.push({ control, change: { group: "data", kind: kindOf(pair), name: pair.name, detail } });
  for (const pair of pairUp(from.dataRules, to.dataRules)) describeRule(pair, sayOf(pair));
  for (const pair of pairUp(from.dataClasses, to.dataClasses)) describeClass(pair, sayOf(pair));
  for (const pair of pairUp(from.agreements, to.agreements)) describeAgreement(pair, sayOf(pair));
  for (const pair of pairUp(from.issuers, to.issuers)) describeIssuer(pair, sayOf(pair));
  return found;
}

const strictness = { tokenise: 0, mask: 1, block: 2 } as const;
const done = { tokenise: "tokenised", mask: "masked", block: "blocked" } as const;

function describeRule({ name, was, is }: Pair<DataRuleDocument>, say: Say): void {
  if (is === undefined)
    return say("less", `rule ${name} is removed; ${listNames(was?.classes ?? [])} goes on as it is`);
  const what = `${listNames(is.classes)} is ${done[is.do]} on its way to ${describeTo(is)}`;
  if (was === undefined) return say("more", `rule ${name} is new: ${what}`);
  if (was.do !== is.do)
    say(strictness[is.do] < strictness[was.do] ? "less" : "more", `rule ${name}: ${what} (was ${done[was.do]})`);
  // Fewer classes or destinations, or more exceptions, let more through; which of them it is, the page shows.
  if (!isDeepStrictEqual({ ...was, do: is.do }, is))
    say("less", `rule ${name} holds for other data or other destinations: ${what}`);
}

function describeTo({ to, except = {} }: DataRuleDocument): string {
  const named = (all: string, names: "any" | readonly string[] = []): readonly string[] =>
    names === "any" ? [all] : names;
  const destinations = [
    ...named("every agent", to.agents),
    ...named("", to.providers).map((one) => `models of ${one}`),
    ...named("every tool", to.tools),
    ...named("", to.connectors),
  ];
  const { agents = [], levels = [], tools = [], agreement } = except;
  const excepted = [...agents, ...levels, ...tools, ...(agreement === true ? ["what an agreement covers"] : [])];
  return `${listNames(destinations)}${excepted.length > 0 ? `, ${listNames(excepted)} excepted` : ""}`;
}

function describeClass({ name, was, is }: Pair<DataClassDocument>, say: Say): void {
  if (is === undefined) return say("less", `class ${name} is removed; it is found no more`);
  if (was === undefined) return say("more", `class ${name} is new`);
  const [before, after] = [was.reveal ?? ["admin"], is.reveal ?? ["admin"]];
  if (!isDeepStrictEqual(before, after)) {
    const isWider = after.some((role) => !before.includes(role));
    say(
      isWider ? "less" : "more",
      `tokens of ${name} may be revealed by ${listNames(after) || "nobody"} (was ${listNames(before) || "nobody"})`,
    );
  }
  if (!isDeepStrictEqual([was.patterns, was.words], [is.patterns, is.words]))
    say("same", `class ${name} is found by other patterns or words`);
}

function describeAgreement({ name, was, is }: Pair<AgreementDocument>, say: Say): void {
  if (is === undefined) return say("more", `agreement ${name} is removed; its rules hold for its provider again`);
  const what = `${listNames(is.covers)} may go to models of ${is.provider} until ${is.until} (${is.reference})`;
  say("less", `agreement ${name} ${was === undefined ? "is new" : "is another"}: ${what}`);
}

function describeIssuer({ name, was, is }: Pair<IssuerDocument>, say: Say): void {
  if (is === undefined) return say("more", `issuer ${name} is removed; its people's claims are no longer believed`);
  if (was === undefined) return say("less", `issuer ${name} is new: it vouches for people on whose behalf agents act`);
  say("less", `issuer ${name} is believed in another way`);
}
