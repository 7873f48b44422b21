/** The commands that watch and steer, against a fake server: approvals, stops, keys, the ledger and actions. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { done, waiting } from "./explain/records.fixture.ts";
import { ids, intact, runIn, stop } from "./shell.fixture.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "airworthy-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const terminal = { outIsTerminal: true, errIsTerminal: true, inIsTerminal: true };
const json = (text: string): unknown => JSON.parse(text);

describe("approvals", () => {
  const approval = waiting.approval;
  const yes = "checked";

  it("decides exactly the named ones, and says what came of each", async () => {
    const server = ({ path }: { path: string }) =>
      path.includes(ids.otherApproval)
        ? { body: { ...approval, id: ids.otherApproval, status: "stale" } }
        : { body: { ...approval, id: ids.approval, status: "consumed" } };
    const words = ["approvals", "approve", ids.approval, ids.otherApproval, ids.approval, "--reason", yes];
    const ran = await runIn({ server }, ...words);
    expect(ran.asked.map(({ path, body }) => [path, body])).toEqual([
      [`/v1/approvals/${ids.approval}/decision`, { verdict: "approve", reason: yes }],
      [`/v1/approvals/${ids.otherApproval}/decision`, { verdict: "approve", reason: yes }],
    ]);
    expect(ran.out).toContain(`approved  ${ids.approval}\n`);
    expect(ran.out).toContain(`stale  ${ids.otherApproval}  the answer did not take hold`);
    expect(ran.code).toBe(9);
  });

  it("goes on after a failure, and leaves with its code when nothing was applied", async () => {
    const server = () => ({ status: 403, body: { code: "forbidden", message: "not your team", retryable: false } });
    const ran = await runIn({ server }, "approvals", "reject", ids.approval, ids.otherApproval, "--reason", "no");
    expect(ran.asked).toHaveLength(2);
    expect(ran.code).toBe(4);
  });

  it("a yes that needs another team's is noted", async () => {
    const server = () => ({ body: { ...approval, id: ids.approval } });
    const ran = await runIn({ server }, "approvals", "approve", ids.approval, "--reason", yes);
    expect(ran).toMatchObject({ code: 0, out: `noted     ${ids.approval}  still needs risk\n` });
  });

  it("decides nothing when one id is wrong", async () => {
    const ran = await runIn(
      { server: () => ({ body: {} }) },
      "approvals",
      "approve",
      ids.approval,
      "apr_1",
      "--reason",
      yes,
    );
    expect(ran).toMatchObject({ code: 2, asked: [] });
  });

  it("lists what is pending unless told otherwise", async () => {
    const ran = await runIn({ server: () => ({ body: { approvals: [approval] } }) }, "approvals", "list");
    expect(ran.asked[0]?.path).toBe("/v1/approvals?status=pending&limit=50");
    expect(ran.out).toContain("finance-ops, risk");
    expect(ran.out).toContain("in 3 h 57 min");
  });
});

describe("stop and resume", () => {
  const server = ({ method }: { method: string }) => ({ body: method === "GET" ? { stops: [stop] } : stop });

  it("stop never asks, and refuses reads as well unless --writes-only", async () => {
    const writes = await runIn(
      { server, shell: terminal },
      "stop",
      "--agent",
      "refund-agent",
      "--writes-only",
      "--reason",
      "drill",
    );
    const reads = await runIn({ server, shell: terminal }, "stop", "--all", "--reason", "drill");
    expect([...writes.questions, ...reads.questions]).toEqual([]);
    expect([...writes.asked, ...reads.asked].map((request) => request.body)).toEqual([
      { scope: { kind: "agent", agent: "refund-agent" }, mode: "deny_writes", reason: "drill" },
      { scope: { kind: "all" }, mode: "deny_all", reason: "drill" },
    ]);
    expect(writes.out).toBe(`stopped  agent refund-agent (writes)\n${ids.stop}\n`);
  });

  it("stop passes a warning on, loudly and beside the data", async () => {
    const warned = { ...stop, warning: 'no agent "x"' };
    const ran = await runIn({ server: () => ({ body: warned }) }, "stop", "--agent", "x", "--reason", "r", "--json");
    expect(ran).toMatchObject({ code: 0, err: 'WARNING: no agent "x"\n' });
    expect(JSON.parse(ran.out)).toMatchObject({ data: { warning: 'no agent "x"' } });
  });

  it("resume shows the stop and asks first", async () => {
    const ask = () => Promise.resolve("yes");
    const ran = await runIn({ server, shell: { ...terminal, ask } }, "resume", ids.stop, "--reason", "over");
    expect(ran.questions).toEqual([
      "Lift the stop on agent refund-agent (writes), set by ana: “refunds look wrong”? Type yes to go on: ",
    ]);
    expect(ran.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /v1/stops",
      `DELETE /v1/stops/${ids.stop}?reason=over`,
    ]);
    const silent = await runIn({ server }, "resume", ids.stop);
    expect(silent.code).toBe(2);
    expect(silent.asked.map(({ method }) => method)).toEqual(["GET"]);
    expect(await runIn({ server }, "resume", ids.stop, "--yes")).toMatchObject({ code: 0, questions: [] });
  });
});

describe("keys", () => {
  const server = () => ({ body: { id: ids.key, key: "aw_secret_once" } });

  it("stdout is the key and nothing else; stderr never has it", async () => {
    const ran = await runIn({ server }, "agents", "key", "refund-agent", "--expires-days", "90");
    expect(ran.out).toBe("aw_secret_once\n");
    expect(ran.err).not.toContain("aw_secret_once");
    expect(ran.asked[0]?.body).toEqual({ for: { kind: "agent", name: "refund-agent" }, expiresInDays: 90 });
  });

  it("people get theirs the same way", async () => {
    const ran = await runIn({ server }, "people", "key", "ana", "--json");
    expect(json(ran.out)).toMatchObject({ schema: "airworthy.key/1", data: { key: "aw_secret_once" } });
    expect(ran.asked[0]?.body).toEqual({ for: { kind: "person", name: "ana" } });
  });
});

describe("verify and health", () => {
  it("verify names each fault exactly and leaves with 6", async () => {
    const faults = [{ chain: "c1", seq: 7, field: "bodyHash", detail: "is another than the body's" }];
    const verifyOffline = () => Promise.resolve({ ...intact, ok: false, faultCount: 13, faults });
    const ran = await runIn({ parts: { verifyOffline } }, "verify", "--data", folder);
    expect(ran).toMatchObject({ code: 6, asked: [] });
    expect(ran.out).toContain("13 faults:\n");
    expect(ran.out).toContain("c1 entry 7, bodyHash: is another than the body's\n  and 12 more\n");
  });

  it("verify leaves with 0 when intact, and takes DATABASE_URL", async () => {
    const seen: unknown[] = [];
    const verifyOffline = (options: object) => Promise.resolve((seen.push(options), intact));
    const environment = { colour: "auto", databaseUrl: "postgres://db" } as const;
    const ran = await runIn({ parts: { verifyOffline }, shell: { environment } }, "verify", "--data", folder, "--json");
    expect(ran.code).toBe(0);
    expect(json(ran.out)).toEqual({ schema: "airworthy.verification/1", data: intact });
    expect(seen).toEqual([{ dataDir: folder, databaseUrl: "postgres://db" }]);
  });

  it.each([
    [true, 0],
    [false, 6],
  ])("health ok=%s leaves with %i", async (ok, code) => {
    const server = () => ({ body: { ok, store: ok, controlAgeMs: 40, version: "0.0.1" } });
    expect(await runIn({ server }, "health")).toMatchObject({ code });
  });

  it("doctor says where each value comes from and what is wrong", async () => {
    const ran = await runIn({}, "doctor");
    expect(ran.code).toBe(5);
    expect(ran.out).toMatch(/server +ok +http:\/\/127\.0\.0\.1:4747 +AIRWORTHY_URL\n/);
    expect(ran.out).toContain("problem");
  });
});

describe("actions", () => {
  it("lists with every filter, newest first, ids whole", async () => {
    const server = () => ({ body: { actions: [done.action, waiting.action], next: ids.action } });
    const words = ["--agent", "a", "--tool", "t", "--status", "done", "--entity", "invoice:1", "--limit", "2"];
    const ran = await runIn({ server }, "actions", "list", ...words);
    expect(ran.asked[0]?.path).toBe("/v1/actions?agent=a&tool=t&status=done&entity=invoice%3A1&limit=2");
    expect(ran.out.split("\n")[1]).toBe(
      `${done.action.id}  3 min  done     refund-agent  payments.refund  invoice:4712  40.00 USD`,
    );
    expect(ran.err).toBe(`more: --before ${ids.action}\n`);
  });

  it("explain prints the page, and with --json the record", async () => {
    const server = () => ({ body: done });
    expect((await runIn({ server }, "explain", done.action.id)).out).toMatch(/^DONE {2}payments\.refund/);
    const data = await runIn({ server }, "explain", done.action.id, "--json");
    expect(json(data.out)).toEqual({ schema: "airworthy.explanation/1", data: done });
  });

  it("get and resolve answer the record", async () => {
    const server = () => ({ body: done.action });
    expect((await runIn({ server }, "actions", "get", done.action.id)).out).toContain('"refundId":"re_99"');
    const words = ["actions", "resolve", done.action.id, "--not-happened", "--reason", "not in the portal"];
    const ran = await runIn({ server }, ...words);
    expect(ran.asked[0]?.body).toEqual({ happened: false, reason: "not in the portal" });
  });

  it("--follow prints each action once, again when it changes, and goes on after a pause of the server", async () => {
    const first = { ...waiting.action };
    const later = { ...first, status: "done", updatedAt: "2026-03-02T09:29:00.000Z" };
    const answers = [
      { body: { actions: [first] } },
      { status: 503, body: { code: "unavailable", message: "busy", retryable: true } },
      { body: { actions: [done.action, later] } },
      { body: { actions: [done.action, later] } },
      { status: 403, body: { code: "forbidden", message: "revoked", retryable: false } },
    ];
    const server = () => answers.shift() ?? { status: 500, body: {} };
    const ran = await runIn({ server }, "actions", "list", "--follow", "--json");
    const lines = ran.out
      .trimEnd()
      .split("\n")
      .map((line) => (json(line) as { data: { id: string; status: string } }).data);
    expect(lines.map(({ id, status }) => [id, status])).toEqual([
      [first.id, "waiting"],
      [first.id, "done"],
      [done.action.id, "done"],
    ]);
    expect(ran.err).toContain("paused: busy");
    expect(ran.code).toBe(4);
  });
});
