/** The same call again: when it joins, when it collects, when it is a new wish, and what an idempotency key changes. */
import { connect } from "node:net";

import type { Client } from "@airworthy/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { createGate, type Desk, eventually, openDesk, pause, refund } from "../support/desk.ts";

let desk: Desk;
let clerk: Client;
let key: string;

beforeAll(async () => {
  desk = await openDesk();
  ({ client: clerk, key } = await desk.server.agent("clerk"));
});
afterAll(() => desk.close());
beforeEach(() => {
  desk.interfere = () => undefined;
});

const note = (text: string) => ({ tool: "shop.note", arguments: { text } });
const notes = (text: string): number => desk.effects("text", text).length;
const holdNotes = () => {
  const gate = createGate();
  desk.interfere = async ({ path }) => {
    if (path === "/notes") await gate.pass();
    return undefined;
  };
  return gate;
};
const running = async (): Promise<number> => (await clerk.listActions({ status: "running" })).actions.length;

describe("identical calls at once", () => {
  it("are one action with one effect, and every caller hears its result", async () => {
    const gate = holdNotes();
    const calls = Array.from({ length: 6 }, () => clerk.proposeAction(note("together")));
    await gate.arrived;
    await pause(100);
    gate.open();
    const answers = await Promise.all(calls);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => "done"));
    expect(new Set(answers.map(({ result }) => JSON.stringify(result))).size).toBe(1);
    expect(answers[0]?.result).toMatchObject({ id: expect.stringMatching(/^made-/) });
    expect(notes("together")).toBe(1);
  });

  it("are one action across two nodes", async () => {
    const other = (await desk.server.another()).client(key);
    const gate = holdNotes();
    const first = clerk.proposeAction(note("two nodes"));
    await gate.arrived;
    const second = other.proposeAction(note("two nodes"));
    await pause(100);
    gate.open();
    const [one, two] = await Promise.all([first, second]);
    expect(two).toMatchObject({ id: one.id, status: "done", result: one.result });
    expect(notes("two nodes")).toBe(1);
  });

  it("wait together for a person: the one that joins while it is judged is not held longer than it asked", async () => {
    const gate = createGate();
    desk.interfere = async ({ path }) => {
      if (path === "/accounts/join") await gate.pass();
      return undefined;
    };
    const first = clerk.proposeAction(refund("join", 60_000));
    await gate.arrived;
    const second = clerk.proposeAction(refund("join", 60_000));
    await pause(100);
    gate.open();
    const [one, two] = await Promise.all([first, second]);
    expect(one.status).toBe("waiting");
    expect(two).toMatchObject({ id: one.id, status: "waiting", approval: one.approval });
    const third = await clerk.proposeAction(refund("join", 60_000));
    expect(third).toMatchObject({ id: one.id, status: "waiting", approval: one.approval });
  });

  it("that read something large are each answered whole", async () => {
    const large = "x".repeat(200_000);
    const gate = createGate();
    desk.interfere = async ({ path }) => {
      if (path !== "/accounts/large") return undefined;
      await gate.pass();
      return { body: { id: "large", status: "active", large } };
    };
    const call = { tool: "shop.get", arguments: { id: "large" } };
    const calls = [clerk.proposeAction(call), clerk.proposeAction(call), clerk.proposeAction(call)];
    await gate.arrived;
    await pause(100);
    gate.open();
    for (const answer of await Promise.all(calls)) expect(answer).toMatchObject({ status: "done", result: { large } });
    const keyed = { ...call, idempotencyKey: "large-1" };
    const one = await clerk.proposeAction(keyed);
    expect(await clerk.proposeAction(keyed)).toMatchObject({ id: one.id, status: "done", result: { large } });
  });
});

describe("a call after the first is over", () => {
  it("is a new action, however soon it comes", async () => {
    const ids = new Set<string>();
    for (let round = 0; round < 10; round++) ids.add((await clerk.proposeAction(note("again"))).id);
    expect(ids.size).toBe(10);
    expect(notes("again")).toBe(10);
  });

  it("collects the result when the connection broke before it came, and then is new", async () => {
    const gate = holdNotes();
    const gone = new AbortController();
    const lost = clerk.proposeAction(note("lost"), { signal: gone.signal });
    lost.catch(() => undefined);
    await gate.arrived;
    gone.abort();
    await expect(lost).rejects.toMatchObject({ name: "AbortError" });
    const { actions } = await clerk.listActions({ status: "running" });
    gate.open();
    await eventually(async () => (await running()) === 0);
    const collected = await clerk.proposeAction(note("lost"));
    expect(collected).toMatchObject({ id: actions[0]?.id, status: "done" });
    expect(notes("lost")).toBe(1);
    const later = await clerk.proposeAction(note("lost"));
    expect(later.id).not.toBe(collected.id);
    expect(notes("lost")).toBe(2);
  });

  it("can still be collected when the connection that collected it broke as well", async () => {
    const gate = holdNotes();
    const first = sendAndHang(desk.server.url, note("lost twice"));
    await gate.arrived;
    first.destroy();
    await pause(50);
    gate.open();
    await eventually(async () => (await running()) === 0);
    for (let round = 0; round < 5; round++) {
      const next = sendAndHang(desk.server.url, note("lost twice"));
      await new Promise<void>((resolve) => next.once("flushed", resolve));
      next.destroy();
      await pause(50);
    }
    await eventually(async () => (await running()) === 0);
    expect(notes("lost twice")).toBe(1);
    expect((await clerk.proposeAction(note("lost twice"))).status).toBe("done");
    expect(notes("lost twice")).toBe(1);
  });

  it("is new after a failure and after a refusal: nothing was done that could be owed", async () => {
    desk.interfere = () => ({ status: 422, body: { error: "no" } });
    const failed = await clerk.proposeAction(note("fails"));
    expect(failed).toMatchObject({ status: "failed", error: { code: "http_422" }, result: { error: "no" } });
    desk.interfere = () => undefined;
    const second = await clerk.proposeAction(note("fails"));
    expect(second.status).toBe("done");
    expect(second.id).not.toBe(failed.id);
    const [one, two] = [
      await clerk.proposeAction({ tool: "shop.none", arguments: {} }),
      await clerk.proposeAction({ tool: "shop.none", arguments: {} }),
    ];
    expect([one.status, two.status]).toEqual(["refused", "refused"]);
    expect(one.id).not.toBe(two.id);
  });
});

describe("an idempotency key", () => {
  it("makes two identical effects possible at once, and one key one effect", async () => {
    const gate = holdNotes();
    const calls = ["k-1", "k-2", "k-1"].map((idempotencyKey) =>
      clerk.proposeAction({ ...note("keyed"), idempotencyKey }),
    );
    await eventually(() => notes("keyed") === 2);
    gate.open();
    const [one, two, three] = await Promise.all(calls);
    expect(one?.id).toBe(three?.id);
    expect(one?.id).not.toBe(two?.id);
    expect(notes("keyed")).toBe(2);
  });

  it("with other arguments is a mistake, and says so", async () => {
    const first = await clerk.proposeAction({ ...note("one thing"), idempotencyKey: "k-3" });
    await expect(clerk.proposeAction({ ...note("another"), idempotencyKey: "k-3" })).rejects.toMatchObject({
      code: "idempotency_mismatch",
      message: expect.stringContaining(first.id),
      retryable: false,
    });
    expect(notes("another")).toBe(0);
  });

  it("belongs to its agent: another agent's same key is another action", async () => {
    const { client: reader } = await desk.server.agent("reader");
    const call = { tool: "shop.get", arguments: { id: "a1" }, idempotencyKey: "k-4" };
    const [mine, theirs] = [await clerk.proposeAction(call), await reader.proposeAction(call)];
    expect(mine.id).not.toBe(theirs.id);
    expect(theirs.status).toBe("done");
  });

  it("gives the same outcome as often as it is asked, after a restart too", async () => {
    const call = { ...note("kept"), idempotencyKey: "k-5" };
    const first = await clerk.proposeAction(call);
    expect(await clerk.proposeAction(call)).toEqual(first);
    await desk.server.restart();
    clerk = desk.client(key);
    expect(await clerk.proposeAction(call)).toEqual(first);
    expect(notes("kept")).toBe(1);
  });
});

/** A proposal over a bare connection; `flushed` when it has left. */
function sendAndHang(url: string, body: object) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const text = JSON.stringify(body);
  socket.on("error", () => undefined);
  socket.write(
    `POST /v1/actions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    () => void socket.emit("flushed"),
  );
  return socket;
}
