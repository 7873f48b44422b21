/** The plan of a recall as people judge it: its size, its groups, and the blast radius step by step. */
import type { RecallChoice, RecallGroup, RecallItem, RecallPlan, RecallSelector, Reliance } from "@airworthy/contract";

import { bar } from "../text/bars.ts";
import { clean } from "../text/clean.ts";
import { clockText, moneyText } from "../text/moment.ts";
import type { Paint } from "../text/paint.ts";
import { renderTable } from "../text/table.ts";
import { countText, listText } from "../text/value.ts";
import { cut, wrap } from "../text/width.ts";

type Look = { readonly paint: Paint; readonly width: number };

/** Of each step, so many actions are drawn. */
const drawnMax = 8;
const barColumns = 20;
const shownNames = 6;

export function renderRecallPlan(plan: RecallPlan, look: Look): string {
  const { paint } = look;
  const sections = [
    [
      paint.bold(`RECALL  ${selectorText(plan.selector)}`),
      ...wrap(sizeText(plan), look.width - 2).map((line) => `  ${line}`),
    ],
    plan.items.length === 0 ? [] : groupLines(plan, look),
    plan.items.length === 0 ? [] : radiusLines(plan, look),
    peopleLines(plan, look),
    touchedLines(plan, look),
    [paint.dim(`plan ${plan.id}, until ${clockText(plan.expiresAt)}, digest ${plan.digest.slice(0, 12)}…`)],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line.trimEnd()}\n`).join(""))
    .join("\n");
}

function selectorText(selector: RecallSelector): string {
  if (selector.from === "time") return `everything from ${clockText(selector.since)} to ${clockText(selector.until)}`;
  const { window } = selector;
  const since = window?.since === undefined ? "" : ` since ${clockText(window.since)}`;
  const until = window?.until === undefined ? "" : ` until ${clockText(window.until)}`;
  return clean(startText(selector)) + since + until;
}

/** What narrows a start, and the word before it. */
const narrowed = [
  ["key", "of"],
  ["agent", "of"],
  ["value", "being"],
  ["source", "from"],
  ["version", "in version"],
] as const;

function startText(selector: Exclude<RecallSelector, { from: "time" }>): string {
  const { from } = selector;
  const parts = new Map(
    Object.entries(selector).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
  const main = parts.get(from) ?? parts.get("digest");
  const kind = from === "fact" || from === "action" ? [] : [from === "approver" ? "approved by" : from];
  const more = narrowed.flatMap(([name, word]) => {
    const value = parts.get(name);
    return value === undefined || name === from ? [] : [word, value];
  });
  return [...kind, main ?? "", ...more].join(" ");
}

function sizeText({ items, entities }: RecallPlan): string {
  if (items.length === 0) return "Nothing relied on it.";
  const agents = new Set(items.map(({ agent }) => agent)).size;
  const effects = items.filter(({ group }) => group !== "without_effect").length;
  const steps = Math.max(...items.map(({ depth }) => depth)) + 1;
  const objects = entities.length === 0 ? "" : `, on ${countText(entities.length, "business object")}`;
  return `${countText(items.length, "action")} of ${countText(agents, "agent")} in ${countText(steps, "step")}; ${countText(effects, "effect")} in the world${objects}.`;
}

const groupText: Record<RecallGroup, string> = {
  reversible: "reversible",
  externally_reversible: "externally reversible",
  irreversible: "irreversible",
  compensated: "compensated before",
  without_effect: "without effect",
};
const choiceText: Record<RecallChoice, string> = {
  compensate: "taken back",
  notify: "told",
  manual: "a task for a person",
  leave: "left as it is",
};
const order: readonly RecallGroup[] = [
  "irreversible",
  "externally_reversible",
  "reversible",
  "compensated",
  "without_effect",
];

function groupLines({ groups, items }: RecallPlan, { paint, width }: Look): readonly string[] {
  const tones: Record<RecallGroup, (text: string) => string> = {
    irreversible: paint.red,
    externally_reversible: paint.yellow,
    reversible: paint.green,
    compensated: paint.dim,
    without_effect: paint.dim,
  };
  const rows = order
    .filter((group) => groups[group].count > 0)
    .map((group) => {
      const { count, amounts } = groups[group];
      return [
        { text: groupText[group], paint: tones[group] },
        count.toLocaleString("en-US"),
        bar(count / items.length, barColumns),
        amounts.map((amount) => moneyText(amount)).join(", "),
        becomeText(items.filter((item) => item.group === group)),
      ];
    });
  const columns = [
    { title: "GROUP" },
    { title: "ACTIONS", align: "right" },
    { title: "" },
    { title: "AMOUNT", shrinks: true },
    { title: "WHAT BECOMES OF THEM", shrinks: true },
  ] as const;
  return indent(renderTable(columns, rows, { width: width - 2, title: paint.dim }));
}

/** What was chosen for a group is not always possible for each of it. */
function becomeText(items: readonly RecallItem[]): string {
  const counts = new Map<RecallChoice, number>();
  for (const { choice } of items) counts.set(choice, (counts.get(choice) ?? 0) + 1);
  const [only] = counts;
  if (counts.size === 1 && only) return choiceText[only[0]];
  return [...counts].map(([choice, count]) => `${count} ${choiceText[choice]}`).join(", ");
}

const indent = (text: string): readonly string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`);

/** One step after the other; the actions of a step are drawn by weight, effects before what has none. */
function radiusLines({ items, selector }: RecallPlan, look: Look): readonly string[] {
  const { paint } = look;
  const depths = [...new Set(items.map(({ depth }) => depth))].toSorted((a, b) => a - b);
  return [
    `  ${paint.bold("●")} ${cut(selectorText(selector), look.width - 4)}`,
    ...depths.flatMap((depth, at) => {
      const step = items.filter((item) => item.depth === depth).toSorted(byWeight);
      const last = at === depths.length - 1;
      const head = `  ${last ? "└" : "├"}─ ${paint.dim(`step ${depth + 1}`)}  ${countText(step.length, "action")}`;
      const lines = step.slice(0, drawnMax).flatMap((item) => itemLines(item, look));
      const more = step.length - drawnMax;
      const rest = more > 0 ? [paint.dim(`and ${more.toLocaleString("en-US")} more (--json shows all)`)] : [];
      return [head, ...[...lines, ...rest].map((line) => `  ${last ? " " : "│"}    ${line}`)];
    }),
  ];
}

function byWeight(a: RecallItem, b: RecallItem): number {
  const without = (item: RecallItem): number => (item.group === "without_effect" ? 1 : 0);
  return without(a) - without(b) || (b.amount?.minor ?? 0) - (a.amount?.minor ?? 0) || a.reverseOrder - b.reverseOrder;
}

function itemLines(item: RecallItem, { paint, width }: Look): readonly string[] {
  const { action, agent, tool, entity, amount, status, choice } = item;
  const object = entity && `${entity.type}:${entity.id}`;
  const what = clean(
    listText([agent, tool, object, amount && moneyText(amount), status === "done" ? undefined : status]),
  );
  const space = Math.max(20, width - 7 - 2 - choiceText[choice].length);
  const [reason] = item.because;
  return [
    `${cut(what, space)}  ${choice === "leave" ? paint.dim(choiceText[choice]) : choiceText[choice]}`,
    paint.dim(cut(clean(listText([action, reason && reasonText(reason, item)])), width - 7)),
  ];
}

/** What it relied on, and what stands before whose that was. */
const matchText: Record<Reliance["match"], readonly [string, string]> = {
  fact: ["rests on what was read", "in"],
  version: ["saw the version", "written by"],
  value: ["saw the value", "written by"],
  exact: ["holds a value", "read in"],
  normalised: ["holds a value, written otherwise,", "read in"],
  member: ["holds a value of a list", "read in"],
  substring: ["holds a part of a text", "read in"],
  computed: ["holds a sum of numbers", "read in"],
};

/** The id comes last: it gives way first where the line is short. */
function reasonText({ from, match, fact, key }: Reliance, { action }: RecallItem): string {
  const of = fact === undefined ? "" : ` of ${fact}${key === undefined ? "" : ` of ${key}`}`;
  const [what, whose] = matchText[match];
  return from === action ? `looked up for it: ${of.slice(4)}` : `${what}${of} ${whose} ${from}`;
}

function peopleLines({ people, entities }: RecallPlan, { paint, width }: Look): readonly string[] {
  const lines = (
    [
      ["owners", people.owners],
      ["approvers", people.approvers],
      ["recipients", people.recipients],
      ["objects", entities.map(({ entity, actions }) => ({ name: entity, actions }))],
    ] as const
  ).flatMap(([label, list]) => {
    if (list.length === 0) return [];
    const named = list.slice(0, shownNames).map(({ name, actions }) => `${clean(name)} (${actions})`);
    const more = list.length > shownNames ? `, and ${(list.length - shownNames).toLocaleString("en-US")} more` : "";
    return [`  ${paint.dim(label.padEnd(10))}  ${cut(named.join(", ") + more, width - 14)}`];
  });
  return lines.length === 0 ? [] : [paint.bold("CONCERNED"), ...lines];
}

function touchedLines({ alsoTouched, alsoTouchedCount }: RecallPlan, { paint, width }: Look): readonly string[] {
  if (alsoTouchedCount === 0) return [];
  const named = alsoTouched
    .slice(0, shownNames)
    .map(({ action, agent, tool, entity }) =>
      cut(clean(`  ${entity.type}:${entity.id}  ${agent}  ${tool}  ${action}`), width),
    );
  const more = alsoTouchedCount - named.length;
  return [
    paint.bold("ALSO TOUCHED"),
    ...wrap(
      `${countText(alsoTouchedCount, "other effect")} on the same business objects did not rely on it; look whether it matters to them.`,
      width - 2,
    ).map((line) => `  ${line}`),
    ...named,
    ...(more > 0 ? [paint.dim(`  and ${more.toLocaleString("en-US")} more`)] : []),
  ];
}
