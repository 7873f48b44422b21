/** Tests of breaker, bulkhead and repeats, with upstreams that are plain functions. */
import type { GovernedTool } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import type { ConnectorAnswer, ConnectorCall } from "../../../kernel/deps.ts";
import { createGuards } from "./guard.ts";
import type { Attempt } from "./guard.ts";

function callOf(effect: "read" | "write", more: { idempotent?: boolean; timeoutMs?: number; connector?: string } = {}) {
  const definition = more.idempotent === true ? { idempotency: { header: "k", retention: "1h" } } : {};
  const tool = { name: "crm.x", connector: more.connector ?? "crm", effect, definition } as unknown as GovernedTool;
  const base = { tenant: "t", arguments: {}, idempotencyKey: "k", timeoutMs: more.timeoutMs ?? 60_000 };
  return { ...base, tool, dispatchBeforeMonoMs: Number.POSITIVE_INFINITY } as unknown as ConnectorCall;
}

const yes: Attempt = { answer: { kind: "answered", result: 1 }, healthy: true, repeatable: false };
const broken: Attempt = { answer: { kind: "ambiguous", detail: "broke" }, healthy: false, repeatable: true };
const unsent: Attempt = { answer: { kind: "unsent", detail: "refused" }, healthy: false, repeatable: true };
const no: Attempt = {
  answer: { kind: "rejected", code: "http_409", detail: "exists" },
  healthy: true,
  repeatable: false,
};

function upstream(...ends: Attempt[]) {
  const seen = { calls: 0 };
  const attempt = async (): Promise<Attempt> => {
    seen.calls += 1;
    return ends[Math.min(seen.calls, ends.length) - 1] ?? yes;
  };
  return { seen, attempt };
}

describe("repeats", () => {
  it.each<[string, ConnectorCall, Attempt[], number, ConnectorAnswer]>([
    ["a read until it is answered", callOf("read"), [broken, unsent, yes], 3, yes.answer],
    ["an idempotent write until it is answered", callOf("write", { idempotent: true }), [broken, yes], 2, yes.answer],
    ["not a write that may have been done", callOf("write"), [broken, yes], 1, broken.answer],
    ["a write that never left", callOf("write"), [unsent, yes], 2, yes.answer],
    ["at most three times", callOf("read"), [broken], 3, broken.answer],
    ["not a refusal", callOf("read"), [no, yes], 1, no.answer],
    [
      "and keeps the doubt when a later try is refused",
      callOf("write", { idempotent: true }),
      [broken, no],
      2,
      broken.answer,
    ],
    [
      "and keeps it when the later ones never leave",
      callOf("write", { idempotent: true }),
      [broken, unsent],
      3,
      broken.answer,
    ],
  ])("%s", async (_, call, ends, calls, answer) => {
    const { seen, attempt } = upstream(...ends);
    expect(await createGuards().run(call, attempt)).toEqual(answer);
    expect(seen.calls).toBe(calls);
  });

  it("does not begin a pause that would outlast the call", async () => {
    const { seen, attempt } = upstream({ ...broken, retryAfterMs: 3_600_000 });
    expect(await createGuards().run(callOf("read"), attempt)).toEqual(broken.answer);
    expect(seen.calls).toBe(1);
  });
});

describe("the breaker", () => {
  it("opens after failures in a row, for this connector only, and closes after a good try", async () => {
    const guards = createGuards({ failures: 2, halfOpenAfterMs: 30, tries: 1 });
    const ill = upstream(broken);
    const well = upstream(yes);
    await guards.run(callOf("write"), ill.attempt);
    await guards.run(callOf("write"), ill.attempt);
    const refused = await guards.run(callOf("write"), ill.attempt);
    expect(refused).toMatchObject({ kind: "unsent", detail: expect.stringContaining("left alone") as string });
    expect(ill.seen.calls).toBe(2);
    expect(await guards.run(callOf("write", { connector: "erp" }), well.attempt)).toEqual(yes.answer);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await guards.run(callOf("write"), well.attempt)).toEqual(yes.answer);
    expect(await guards.run(callOf("write"), well.attempt)).toEqual(yes.answer);
  });

  it("stays closed while refusals are the upstream's honest answer", async () => {
    const guards = createGuards({ failures: 2 });
    const { seen, attempt } = upstream(no);
    for (let count = 0; count < 5; count += 1) await guards.run(callOf("write"), attempt);
    expect(seen.calls).toBe(5);
  });
});

describe("the bulkhead", () => {
  it("lets some wait, turns the rest away, and never runs one whose time is over", async () => {
    const guards = createGuards({ concurrency: 1, queue: 1, tries: 1 });
    let finish: (end: Attempt) => void = () => undefined;
    const first = guards.run(callOf("read"), () => new Promise((resolve) => (finish = resolve)));
    const late = upstream(yes);
    const waiting = guards.run(callOf("read", { timeoutMs: 20 }), late.attempt);
    const turnedAway = await guards.run(callOf("read"), upstream(yes).attempt);
    expect(turnedAway).toMatchObject({ kind: "unsent", detail: expect.stringContaining("too many calls") as string });
    expect(await waiting).toMatchObject({ kind: "unsent", detail: expect.stringContaining("waited") as string });
    finish(yes);
    expect(await first).toEqual(yes.answer);
    expect(await guards.run(callOf("read"), upstream(yes).attempt)).toEqual(yes.answer);
    expect(late.seen.calls).toBe(0);
  });
});

it("passes errors of ours on", async () => {
  const attempt = (): Promise<Attempt> => Promise.reject(new Error("bug"));
  await expect(createGuards().run(callOf("read"), attempt)).rejects.toThrowError("bug");
});
