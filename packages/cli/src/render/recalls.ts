/** Recalls for people: where each stands with a bar, what waits for whom, and the receipt. */
import type {
  Recall,
  RecallItemState,
  RecallProgress,
  RecallReceipt,
  RecallStatus,
  RecallTask,
} from "@airworthy/contract";

import { bar } from "../text/bars.ts";
import { clean } from "../text/clean.ts";
import { ageText, moneyText } from "../text/moment.ts";
import type { Paint } from "../text/paint.ts";
import { renderTable } from "../text/table.ts";
import { countText, listText } from "../text/value.ts";

type Look = { readonly paint: Paint; readonly width: number; readonly now: number };
type Tone = "green" | "red" | "yellow" | "cyan" | "dim";

const statusTones: Record<RecallStatus, Tone> = {
  waiting: "yellow",
  running: "cyan",
  paused: "yellow",
  done: "green",
  cancelled: "red",
  rejected: "red",
  expired: "red",
  stale: "red",
};
const stateTones: Record<RecallItemState, Tone> = {
  pending: "dim",
  acting: "cyan",
  waiting: "yellow",
  unknown: "yellow",
  failed: "red",
  manual: "yellow",
  compensated: "green",
  corrected: "green",
  handled: "green",
  left: "dim",
  not_begun: "red",
};
export const recallStatuses: readonly string[] = Object.keys(statusTones);
export const recallItemStates: readonly string[] = Object.keys(stateTones);

const words: Record<RecallItemState, string> = {
  pending: "to come",
  acting: "under way",
  waiting: "waiting for approval",
  unknown: "unknown",
  failed: "failed",
  manual: "for a person",
  compensated: "taken back",
  corrected: "told otherwise",
  handled: "done by hand",
  left: "left as it is",
  not_begun: "never begun",
};
const settled: readonly RecallItemState[] = ["compensated", "corrected", "handled", "left", "not_begun"];
const order: readonly RecallItemState[] = ["pending", "acting", "waiting", "unknown", "failed", "manual", ...settled];
const barColumns = 30;

export function renderRecalls(recalls: readonly Recall[], look: Look): string {
  if (recalls.length === 0) return "No recall matches.\n";
  return renderTable(
    [
      { title: "RECALL" },
      { title: "AGE", align: "right" },
      { title: "STATUS" },
      { title: "SETTLED", align: "right" },
      { title: "TASKS", align: "right" },
      { title: "FROM", shrinks: true },
      { title: "BY", shrinks: true },
    ],
    recalls.map((recall) => [
      recall.id,
      ageText(recall.startedAt, look.now),
      { text: recall.status, paint: look.paint[statusTones[recall.status]] },
      `${settledOf(recall)}/${recall.total}`,
      String(recall.openTasks),
      selectorText(recall.selector),
      clean(recall.startedBy),
    ]),
    { width: look.width, title: look.paint.dim },
  );
}

/** One recall: a bar, who is asked or what is wrong, and how many actions stand where. */
export function renderRecall(recall: Recall, { paint }: Pick<Look, "paint">): string {
  const { counts, total, status, reason } = recall;
  const lines = [
    `${paint[statusTones[status]](status.toUpperCase())}  ${recall.id}  from ${selectorText(recall.selector)}`,
    progressLine(recall),
    ...(reason === undefined ? [] : [`  ${status === "paused" ? "held: " : ""}${clean(reason)}`]),
    "",
    ...order.flatMap((state) => {
      const count = counts[state] ?? 0;
      return count === 0
        ? []
        : [`  ${String(count).padStart(String(total).length)}  ${paint[stateTones[state]](words[state])}`];
    }),
    "",
    `  planned by ${clean(recall.madeBy)}, started by ${clean(recall.startedBy)}, approval ${recall.approval}`,
    ...nextSteps(recall).map((line) => `  ${line}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** `███░░ 12 of 40 settled`, for a line that is drawn again and again. */
export function progressLine(recall: Recall): string {
  const done = settledOf(recall);
  const full = bar(recall.total === 0 ? 1 : done / recall.total, barColumns);
  const tasks = recall.openTasks === 0 ? "" : `, ${countText(recall.openTasks, "task")} for people`;
  return `  ${full.padEnd(barColumns, "░")} ${done} of ${recall.total} settled${tasks}`;
}

function nextSteps({ id, status, approval, openTasks, receipt, counts }: Recall): string[] {
  const steps: string[] = [];
  if (status === "waiting")
    steps.push(`airworthy approvals approve ${approval} --reason "…"   (by others than its makers)`);
  if (status === "paused") steps.push(`airworthy recall resume ${id} --reason "…"`);
  if (openTasks > 0) steps.push(`airworthy recall queue --recall ${id}`);
  if ((counts.waiting ?? 0) > 0) steps.push("airworthy approvals list");
  if (receipt) steps.push(`airworthy recall receipt ${id}`);
  return steps.map((step) => `next: ${step}`);
}

const stateColumns = Math.max(...Object.values(words).map((word) => word.length));

/** Each action on a line of its own, with its ids and what there is to say of it below: ids leave no room beside them. */
export function renderRecallItems(items: readonly RecallProgress[], { paint }: Pick<Look, "paint">): string {
  const indent = " ".repeat(stateColumns + 4);
  const blocks = items.map((item) => {
    const state = paint[stateTones[item.state]](words[item.state].padEnd(stateColumns));
    const by = item.via === undefined ? "" : ` by ${item.via}`;
    const why = item.detail === undefined ? [] : [`${indent}${clean(item.detail)}`];
    return [`  ${state}  ${whatText(item)}`, `${indent}${paint.dim(`${item.action}${by}`)}`, ...why].join("\n");
  });
  return blocks.map((block) => `${block}\n`).join("");
}

export function renderTasks(tasks: readonly RecallTask[], look: Look): string {
  if (tasks.length === 0) return "Nothing waits for people.\n";
  const blocks = tasks.map((task) => {
    const head = `${task.id}  ${look.paint.bold(task.kind)}  for ${clean(task.owner)}  ${ageText(task.openedAt, look.now)}`;
    const { resolution } = task;
    return [
      head,
      `  ${whatText(task)}  ${task.action} of ${clean(task.agent)}, in ${task.recall}`,
      `  ${clean(task.detail)}`,
      ...(resolution ? [`  ${resolution.outcome} by ${clean(resolution.by)}: ${clean(resolution.reason)}`] : []),
    ].join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}

export function renderReceipt(receipt: RecallReceipt, look: Look): string {
  const signed = receipt.approvedBy.map(({ by, team }) => `${clean(by)} (${clean(team)})`).join(", ");
  const lines = [
    `RECEIPT  ${receipt.recall}  ${look.paint[statusTones[receipt.status]](receipt.status)}`,
    `  from ${selectorText(receipt.selector)}, planned by ${clean(receipt.madeBy)}, started by ${clean(receipt.startedBy)}`,
    `  approved by ${signed === "" ? "nobody" : signed}`,
    `  ${receipt.startedAt} to ${receipt.endedAt}, plan ${receipt.planDigest.slice(0, 12)}…`,
    "",
    renderRecallItems(receipt.items, look),
  ];
  return lines.join("\n");
}

/** What a recall starts from, in a few words. */
export function selectorText(selector: Recall["selector"]): string {
  const { from, ...rest } = selector;
  const values = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined || name === "window" ? [] : [typeof value === "string" ? value : JSON.stringify(value)],
  );
  return clean([from, ...values].join(" "));
}

const settledOf = ({ counts }: Recall): number => settled.reduce((sum, state) => sum + (counts[state] ?? 0), 0);

function whatText({ tool, entity, amount }: Pick<RecallTask, "tool" | "entity" | "amount">): string {
  return clean(listText([tool, entity && `${entity.type}:${entity.id}`, amount && moneyText(amount)]));
}
