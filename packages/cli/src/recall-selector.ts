/** Reads where a recall starts, and what is to become of its groups, from the flags of a command. */
import type { RecallChoices, RecallSelector, RecallWindow } from "@airworthy/contract";

import { Failure } from "./failure.ts";
import { clean } from "./text/clean.ts";

export type SelectorOptions = {
  readonly fact?: string;
  readonly key?: string;
  readonly value?: string;
  readonly source?: string;
  readonly batch?: string;
  readonly document?: string;
  readonly agent?: string;
  readonly model?: string;
  readonly prompt?: string;
  readonly policy?: string;
  readonly tool?: string;
  readonly approver?: string;
  readonly run?: string;
  readonly action?: string;
  readonly inVersion?: string;
  readonly since?: string;
  readonly until?: string;
};

/** One of these says where it starts. `agent` beside `run` narrows the run. */
const starts = [
  "fact",
  "batch",
  "document",
  "run",
  "agent",
  "model",
  "prompt",
  "policy",
  "tool",
  "approver",
  "action",
] as const;
type Start = (typeof starts)[number];

/** Which flags narrow which start; any other beside it is a mistake. */
const narrowing: Readonly<Partial<Record<Start, readonly (keyof SelectorOptions)[]>>> = {
  fact: ["key", "value", "source", "inVersion"],
  batch: ["source"],
  run: ["agent"],
  agent: ["inVersion"],
  policy: ["inVersion"],
  tool: ["inVersion"],
};

export async function readSelector(options: SelectorOptions, nowMs: number): Promise<RecallSelector> {
  const window = readWindow(options, nowMs);
  const from = starts.find((start) => options[start] !== undefined);
  if (from === undefined) return readTime(window, nowMs);
  const narrow = narrowing[from] ?? [];
  const others = (["key", "value", "source", "inVersion", ...starts] as const).filter(
    (flag) => flag !== from && options[flag] !== undefined && !narrow.includes(flag),
  );
  if (others.length > 0) {
    const names = others.map((flag) => `--${flag === "inVersion" ? "in-version" : flag}`).join(", ");
    throw new Failure("usage", `${names} does not go with --${from}.`, "A recall starts from one thing.");
  }
  return selectorOf(from, options, window);
}

/** Checked here by the schema that the server has as well, so that a mistake is named before anything is asked. */
async function selectorOf(
  from: Start,
  options: SelectorOptions,
  window: RecallWindow | undefined,
): Promise<RecallSelector> {
  const { RecallSelector: schema } = await import("@airworthy/contract");
  const narrow = Object.fromEntries((narrowing[from] ?? []).map((flag) => [flag, options[flag]]));
  const { inVersion: version, value, ...rest } = narrow;
  const name = from === "document" || from === "prompt" ? "digest" : from;
  const given = { from, [name]: options[from], ...rest, version, value: value && readValue(value), window };
  const selector = schema.safeParse(Object.fromEntries(Object.entries(given).filter(([, one]) => one !== undefined)));
  if (selector.success) return selector.data;
  const [issue] = selector.error.issues;
  throw new Failure(
    "usage",
    `--${from} cannot start a recall: ${clean(issue?.path.map(String).join(".") ?? "")} ${issue?.message ?? "is wrong"}.`,
    "Copy names, ids and digests from where they are shown.",
  );
}

type Value = Extract<RecallSelector, { from: "fact" }>["value"];

/** `42`, `true` and `"42"` are JSON; any other text is itself. */
function readValue(text: string): Value {
  try {
    const value: Value = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}

function readTime({ since, until }: RecallWindow = {}, nowMs: number): RecallSelector {
  if (since !== undefined) return { from: "time", since, until: until ?? new Date(nowMs).toISOString() };
  throw new Failure(
    "usage",
    "It is not said where the recall starts.",
    `Name one of ${starts.map((start) => `--${start}`).join(", ")}, or a time with --since.`,
  );
}

function readWindow({ since, until }: SelectorOptions, nowMs: number): RecallWindow | undefined {
  if (since === undefined && until === undefined) return undefined;
  return {
    ...(since === undefined ? {} : { since: readMoment("--since", since, nowMs) }),
    ...(until === undefined ? {} : { until: readMoment("--until", until, nowMs) }),
  };
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function readMoment(flag: string, text: string, nowMs: number): string {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return new Date(nowMs - Number(count) * (unitMs[unit] ?? 0)).toISOString();
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new Failure(
    "usage",
    `${flag} ${clean(text)} is not a time.`,
    "Write 90m, 2h or 7d for so long ago, or a time with its offset such as 2026-11-20T14:00:00Z.",
  );
}

const groups = ["reversible", "externally_reversible", "irreversible"] as const;
const choices = ["compensate", "notify", "manual", "leave"] as const;

export function readChoices(texts: readonly string[]): RecallChoices {
  const chosen = texts.map((text) => {
    const [group, choice] = text.split("=");
    const [knownGroup, knownChoice] = [groups.find((one) => one === group), choices.find((one) => one === choice)];
    if (knownGroup !== undefined && knownChoice !== undefined) return [knownGroup, knownChoice] as const;
    throw new Failure(
      "usage",
      `--choose ${clean(text)} is not a choice.`,
      `Write GROUP=CHOICE, with one of ${groups.join(", ")} and one of ${choices.join(", ")}.`,
    );
  });
  return Object.fromEntries(chosen);
}
