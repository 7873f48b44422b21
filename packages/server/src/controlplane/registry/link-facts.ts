/** Checks facts and the tools that serve other tools: lookups, probes and compensations. */
import type { YieldRule } from "@airworthy/contract";

import { isIngesting } from "../../kernel/is-ingesting.ts";
import { dependenciesOf } from "../../kernel/reference.ts";
import { makeFinding } from "./finding-codes.ts";
import { reportMissing, reportTool } from "./link-index.ts";
import type { LinkedTool, LinkIndex } from "./link-index.ts";
import { suggestName } from "./nearest-name.ts";
import type { DataPath } from "./place.ts";

export function linkFacts(index: LinkIndex): void {
  linkFactTypes(index);
  for (const linked of index.tools.values()) {
    linkYields(index, linked);
    for (const [position, rule] of (linked.tool.rests_on ?? []).entries()) {
      linkLookup(index, linked, { path: ["rests_on", position, "lookup"], rule });
    }
    linkOrder(index, linked);
    const { probe, compensate, notice } = linked.tool;
    if (probe !== undefined) linkServant(index, linked, { part: "probe", serves: probe });
    if (compensate !== undefined) linkServant(index, linked, { part: "compensate", serves: compensate });
    if (notice?.correct !== undefined) linkServant(index, linked, { part: "notice", serves: notice.correct });
  }
}

/** A fact without a type in common could be compared with a text here and with a number there. */
function linkFactTypes(index: LinkIndex): void {
  const first = new Map<string, { readonly type: YieldRule["type"]; readonly tool: string }>();
  for (const linked of index.tools.values()) {
    for (const [position, rule] of (linked.tool.yields ?? []).entries()) {
      const known = first.get(rule.fact);
      if (known === undefined) first.set(rule.fact, { type: rule.type, tool: linked.tool.name });
      else if (known.type !== rule.type) {
        const message = `${rule.fact} is ${rule.type} here and ${known.type} in ${known.tool}`;
        reportTool(index, { code: "AW1305", linked, path: ["yields", position, "type"] }, { message });
      }
    }
  }
}

function linkYields(index: LinkIndex, linked: LinkedTool): void {
  for (const [position, rule] of (linked.tool.yields ?? []).entries()) {
    const at = { linked, path: ["yields", position, "fact"] };
    if (linked.tool.effect === "write") {
      reportTool(index, { ...at, code: "AW1311" }, { message: `${linked.tool.name} writes; facts come from reads` });
    }
    // What a source brought in has its age beside it.
    if (rule.asOf !== undefined || rule.authoritative === true || isIngesting(linked.connector.document)) continue;
    const message = `nothing says how old ${rule.fact} is, so it could never be used`;
    const hint = "add asOf: a path to its time, or authoritative: true where the answer is as of now";
    reportTool(index, { ...at, code: "AW1306" }, { message, hint });
  }
}

type Rule = NonNullable<LinkedTool["tool"]["rests_on"]>[number];

function linkLookup(
  index: LinkIndex,
  linked: LinkedTool,
  { path, rule }: { readonly path: DataPath; readonly rule: Rule },
): void {
  const { lookup, fact } = rule;
  const servant = findServant(index, linked, { path: [...path, "tool"], name: lookup.tool });
  if (servant === undefined) return;
  const at = { linked, path: [...path, "tool"] };
  if (servant.tool.effect !== "read") {
    reportTool(index, { ...at, code: "AW1301" }, { message: `${lookup.tool} writes; a fact is looked up with a read` });
  }
  linkWith(index, linked, { path: [...path, "with"], given: lookup.with, servant });
  const yielded = servant.tool.yields?.find((one) => one.fact === fact);
  if (yielded === undefined) {
    const facts = (servant.tool.yields ?? []).map((one) => one.fact);
    reportTool(
      index,
      { ...at, code: "AW1302" },
      {
        message: `${lookup.tool} does not yield ${fact}`,
        hint: suggestName(fact, facts) ?? "add it to the tool's yields",
      },
    );
  } else if (yielded.authoritative !== true) {
    const message = `${lookup.tool} is not authoritative for ${fact}: looking again may give the same old value`;
    reportTool(
      index,
      { ...at, code: "AW1307" },
      { message, hint: "look it up where it is kept, or say authoritative: true" },
    );
  }
}

/** What one rule reads of another's fact must be there by then; a fact is one value, or one for each item. */
function linkOrder(index: LinkIndex, linked: LinkedTool): void {
  const open = new Map((linked.tool.rests_on ?? []).map((rule, position) => [position, rule] as const));
  linkShapes(index, linked, [...open.values()]);
  for (;;) {
    const waited = new Set([...open.values()].map(({ fact }) => fact));
    const ready = [...open].filter(([, rule]) => !readsOf(rule).some((fact) => waited.has(fact)));
    if (ready.length === 0) break;
    for (const [position] of ready) open.delete(position);
  }
  const all = new Set((linked.tool.rests_on ?? []).map(({ fact }) => fact));
  for (const [position, rule] of (linked.tool.rests_on ?? []).entries()) {
    const missing = readsOf(rule).find((fact) => !all.has(fact));
    if (missing === undefined && !open.has(position)) continue;
    const at = { code: "AW1312", linked, path: ["rests_on", position, "fact"] } as const;
    const message =
      missing === undefined
        ? `${rule.fact} waits for a fact that waits for it`
        : `${rule.fact} reads ${missing}, which no rule here brings`;
    const hint = missing === undefined ? undefined : suggestName(missing, [...all]);
    reportTool(index, at, { message, hint });
  }
}

/** None for what cannot be read at all: the check of paths says so. */
function readsOf(rule: Rule): readonly string[] {
  try {
    return dependenciesOf(rule);
  } catch {
    return [];
  }
}

function linkShapes(index: LinkIndex, linked: LinkedTool, rules: readonly Rule[]): void {
  const first = new Map<string, boolean>();
  for (const [position, { fact, each }] of rules.entries()) {
    const isEach = each !== undefined;
    const known = first.get(fact);
    if (known === undefined) first.set(fact, isEach);
    // Two rules that bring one value could bring two different ones.
    else if (!known || !isEach) {
      const message = `${fact} is brought by two rules, not both with each`;
      reportTool(index, { code: "AW1313", linked, path: ["rests_on", position, "fact"] }, { message });
    }
  }
}

type Servant = { readonly tool: string; readonly with: Readonly<Record<string, string>> };

function linkServant(
  index: LinkIndex,
  linked: LinkedTool,
  { part, serves }: { readonly part: "probe" | "compensate" | "notice"; readonly serves: Servant },
): void {
  const whole = part === "notice" ? [part, "correct"] : [part];
  const servant = findServant(index, linked, { path: [...whole, "tool"], name: serves.tool });
  if (servant === undefined) return;
  const at = { linked, path: [...whole, "tool"] };
  if (part === "probe" && servant.tool.effect !== "read") {
    reportTool(
      index,
      { ...at, code: "AW1308" },
      { message: `${serves.tool} writes; a probe must not change anything` },
    );
  }
  if (part === "compensate" && servant.tool.effect !== "write") {
    reportTool(index, { ...at, code: "AW1309" }, { message: `${serves.tool} only reads; it takes nothing back` });
  }
  if (part === "notice" && servant.tool.effect !== "write") {
    reportTool(index, { ...at, code: "AW1855" }, { message: `${serves.tool} only reads; it tells nobody anything` });
  }
  linkWith(index, linked, { path: [...whole, "with"], given: serves.with, servant });
}

function findServant(
  index: LinkIndex,
  linked: LinkedTool,
  at: { readonly path: DataPath; readonly name: string },
): LinkedTool | undefined {
  const place = linked.connector.locate([...linked.path, ...at.path]);
  const spot = { code: "AW1106", file: linked.connector.file, place } as const;
  return reportMissing(index, spot, { kind: "Tool", name: at.name }) ? undefined : index.tools.get(at.name);
}

function linkWith(
  index: LinkIndex,
  linked: LinkedTool,
  at: { readonly path: DataPath; readonly given: Readonly<Record<string, string>>; readonly servant: LinkedTool },
): void {
  const { input, tool } = at.servant;
  if (input === undefined) return;
  const known = Object.keys(input.properties);
  for (const name of Object.keys(at.given)) {
    if (known.includes(name)) continue;
    const place = linked.connector.locator.key([...linked.path, ...at.path, name]);
    const message = `"${name}" is not an argument of ${tool.name}`;
    index.findings.push(
      makeFinding("AW1303", { file: linked.connector.file, place }, { message, hint: suggestName(name, known) }),
    );
  }
  for (const name of input.required) {
    if (Object.hasOwn(at.given, name)) continue;
    const place = linked.connector.locator.key([...linked.path, ...at.path]);
    const message = `${tool.name} requires "${name}", which is not given`;
    index.findings.push(
      makeFinding("AW1304", { file: linked.connector.file, place }, { message, hint: `add ${name}: $.${name}` }),
    );
  }
}
