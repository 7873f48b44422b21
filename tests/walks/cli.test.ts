/** The command line end to end: the real program in a process of its own, against a whole server. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Client } from "@airworthy/sdk";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { exitCodes } from "../../packages/cli/src/exit-codes.ts";
import { type CliOptions, type Ran, runCli } from "../support/cli.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { shopFiles } from "../support/shop.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

const { ok, unexpected, usage, changesPending, auth, network, gateFailed, partlyApplied } = exitCodes;

// Each command is a process that loads its sources; on a busy machine that takes seconds.
vi.setConfig({ testTimeout: 120_000 });

let shop: Upstream;
let server: TestServer;
let folder: string;
let clerk: Client;

beforeAll(async () => {
  shop = await startUpstream(({ method, path: at }) => {
    if (method === "POST") return { status: 201, body: { id: `done-${shop.received.length}` } };
    return { body: { id: at.split("/")[2] ?? "", status: "active" } };
  });
  server = await startTestServer({ files: shopFiles, env: { SHOP_URL: shop.url, SHOP_KEY: "shop-key-of-the-test" } });
  folder = mkdtempSync(path.join(tmpdir(), "airworthy-cli-"));
  clerk = (await server.agent("clerk")).client;
});
afterAll(async () => {
  await server.close();
  await shop.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As the local administrator, who needs no key. */
const run = (...words: string[]): Promise<Ran> => runCli([...words, "--data", server.dataDir], { cwd: folder });
const runIn = (options: Partial<CliOptions>, ...words: string[]): Promise<Ran> =>
  runCli(words, { cwd: folder, ...options });
/** All that any of these answers may hold, as far as it is looked at. */
type Data = {
  readonly agents: readonly { readonly name: string }[];
  readonly actions: readonly { readonly id: string }[];
  readonly findings: readonly { readonly file: string }[];
  readonly stops: readonly unknown[];
  readonly sentence: string;
  readonly proof: readonly { readonly kind: string; readonly hash: string }[];
  readonly entries: number;
  readonly version: number;
};
const parse = (line: string) => JSON.parse(line) as { readonly schema: string; readonly data: Partial<Data> };
const dataOf = ({ out, err, code }: Ran): Partial<Data> => {
  expect(code, err).toBe(ok.code);
  expect(out.trimEnd().split("\n")).toHaveLength(1);
  return parse(out).data;
};
const errorOf = ({ err }: Ran) => parse(err.trim().split("\n").at(-1) ?? "").data;

const refund = (invoice: string, amountMinor: number) => ({
  tool: "shop.refund",
  arguments: { account: "a1", invoice, amountMinor },
});
const waitingFor = async (invoice: string): Promise<{ id: `act_${string}`; approval: string }> => {
  const { id, approval } = await clerk.proposeAction(refund(invoice, 60_000));
  if (approval === undefined) throw new Error(`${id} should wait`);
  return { id, approval };
};

describe("agents and keys", () => {
  it("are listed for people and for machines", async () => {
    const [text, json] = await Promise.all([run("agents", "list"), run("agents", "list", "--json")]);
    expect(text).toMatchObject({ code: ok.code, err: "" });
    expect(text.out).toMatch(/AGENT +STAGE +LEVEL[^]*\nclerk +production +senior/);
    expect(dataOf(json).agents?.map(({ name }) => name)).toEqual(["clerk", "reader"]);
  });

  it("are made, used and revoked; stdout holds the key alone", async () => {
    const made = await run("agents", "key", "reader", "--expires-days", "1");
    expect(made.code).toBe(ok.code);
    expect(made.out).toMatch(/^awk_main_[A-Za-z0-9]{48}\n$/);
    const [id = ""] = /key_[0-9a-f]{32}/.exec(made.err) ?? [];
    expect(made.err).not.toContain(made.out.trim());
    writeFileSync(path.join(folder, "reader.key"), made.out, { mode: 0o600 });
    const asReader = ["--url", server.url, "--key-file", "reader.key"];
    expect((await runIn({}, "actions", "list", ...asReader)).code).toBe(ok.code);
    expect((await runIn({}, "agents", "list", ...asReader)).code).toBe(auth.code);
    expect((await run("keys", "revoke", id)).out).toBe(`revoked  ${id}\n`);
    expect((await runIn({}, "actions", "list", ...asReader)).code).toBe(auth.code);
    const piped = await runIn({ input: made.out }, "actions", "list", "--url", server.url, "--key-file", "-", "--json");
    expect(piped.code).toBe(auth.code);
    expect(errorOf(piped)).toMatchObject({ code: "unauthenticated", exitCode: auth.code });
  });

  it("are not made for somebody who is not there", async () => {
    const made = await run("agents", "key", "nobody");
    expect(made).toMatchObject({ code: unexpected.code, out: "" });
    expect(made.err).toMatch(/no agent "nobody"[^]*fix:/);
  });
});

describe("actions", () => {
  it("are listed, found and explained, for people and for machines", async () => {
    const done = await clerk.proposeAction({
      ...refund("inv-explained", 1000),
      rationale: "The customer asked.",
      confidence: 0.8,
    });
    const [listed, filtered, got, page, json] = await Promise.all([
      run("actions", "list"),
      run("actions", "list", "--entity", "invoice:inv-explained", "--json"),
      run("actions", "get", done.id, "--json"),
      run("explain", done.id),
      run("explain", done.id, "--json"),
    ]);
    expect(listed.out).toContain(done.id);
    expect(dataOf(filtered).actions?.map(({ id }) => id)).toEqual([done.id]);
    expect(dataOf(got)).toMatchObject({ status: "done" });
    const { sentence = "", proof = [] } = dataOf(json);
    expect(proof.map(({ kind }) => kind)).toEqual(["started", "finished"]);
    expect(page.code).toBe(ok.code);
    const words = page.out.replaceAll(/\s+/g, " ");
    for (const part of [sentence, "shop.status", "The customer asked.", "rules.cedar:", done.id]) {
      expect(words).toContain(part);
    }
    expect(page.out).toContain(proof[0]?.hash.slice(0, 8));
  });

  it("are shown without what would steer a terminal", async () => {
    const sly = await clerk.proposeAction({
      tool: "shop.note",
      arguments: { text: "\u001b]0;title\u0007\u001b[2Jgone\rairworthy: all is well\u202e" },
    });
    const ways = [run("explain", sly.id), run("actions", "get", sly.id), run("actions", "list")];
    for (const { out, code } of await Promise.all(ways)) {
      expect(code).toBe(ok.code);
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }
  });

  it("that are not there, or have no such id, are told apart", async () => {
    const [absent, wrong, other] = await Promise.all([
      run("explain", `act_${"0".repeat(32)}`, "--json"),
      run("explain", "act_1"),
      run("actions", "get", `apr_${"0".repeat(32)}`),
    ]);
    expect(absent.code).toBe(unexpected.code);
    expect(errorOf(absent)).toMatchObject({ code: "not_found" });
    expect([wrong.code, other.code]).toEqual([usage.code, usage.code]);
    expect(wrong.err).toContain("is not an action's id");
  });
});

describe("approvals", () => {
  it("are listed, approved, and carried out once", async () => {
    const { id, approval } = await waitingFor("inv-yes");
    const listed = await run("approvals", "list", "--team", "finance");
    expect(listed.out).toContain(approval);
    const said = await run("approvals", "approve", approval, "--reason", "checked");
    expect(said).toMatchObject({ code: ok.code, out: `approved  ${approval}\n` });
    await expect.poll(async () => (await server.admin.readAction({ id })).status).toBe("done");
    expect(shop.writes().filter(({ body }) => JSON.stringify(body).includes("inv-yes"))).toHaveLength(1);
    const again = await run("approvals", "approve", approval, "--reason", "checked");
    expect(again.code).toBe(unexpected.code);
    expect(again.out).toMatch(/^failed .*can no longer be answered/);
    expect((await run("explain", id)).out).toContain("checked");
  });

  it("are rejected, and then never carried out", async () => {
    const { id, approval } = await waitingFor("inv-no");
    const said = await run("approvals", "reject", approval, "--reason", "not ours", "--json");
    expect(dataOf(said)).toMatchObject({ results: [{ applied: true }] });
    await expect.poll(async () => (await server.admin.readAction({ id })).status).toBe("refused");
    expect(JSON.stringify(shop.writes())).not.toContain("inv-no");
  });

  it("of which some fail are told one by one, with a code of its own", async () => {
    const { approval } = await waitingFor("inv-some");
    const nobodys = `apr_${"0".repeat(32)}`;
    const said = await run("approvals", "approve", approval, nobodys, "--reason", "both");
    expect(said.code).toBe(partlyApplied.code);
    expect(
      said.out
        .split("\n")
        .slice(0, 2)
        .map((line) => line.split(" ")[0]),
    ).toEqual(["approved", "failed"]);
    const unsure = await run("approvals", "approve", approval, "apr_1", "--reason", "one is none");
    expect(unsure).toMatchObject({ code: usage.code, out: "" });
    expect((await run("approvals", "approve", approval)).code).toBe(usage.code);
  });
});

describe("stops", () => {
  it("bind at once, are listed, and are lifted only with a yes", async () => {
    const said = await run("stop", "--agent", "clerk", "--writes-only", "--reason", "looks wrong");
    expect(said.code).toBe(ok.code);
    const [id = ""] = /stp_[0-9a-f]{32}/.exec(said.out) ?? [];
    expect((await clerk.proposeAction({ tool: "shop.note", arguments: { text: "stopped" } })).status).toBe("refused");
    expect((await clerk.proposeAction({ tool: "shop.get", arguments: { id: "a" } })).status).toBe("done");
    const listed = dataOf(await run("stops", "list", "--json"));
    expect(listed.stops).toMatchObject([{ id, reason: "looks wrong" }]);
    const unasked = await run("resume", id);
    expect(unasked).toMatchObject({ code: usage.code, out: "" });
    expect(unasked.err).toContain("--yes");
    expect((await run("resume", id, "--yes", "--reason", "mended")).out).toContain("lifted");
    expect((await clerk.proposeAction({ tool: "shop.note", arguments: { text: "lifted" } })).status).toBe("done");
    expect((await run("stops", "list")).out).not.toContain(id);
    expect((await run("stops", "list", "--all")).out).toContain("clerk");
  });

  it("of reads too, of one thing at a time, with a reason", async () => {
    const said = await run("stop", "--tool", "shop.get", "--reason", "all of it");
    const [id = ""] = /stp_[0-9a-f]{32}/.exec(said.out) ?? [];
    expect((await clerk.proposeAction({ tool: "shop.get", arguments: { id: "a" } })).status).toBe("refused");
    expect((await run("resume", id, "--yes")).code).toBe(ok.code);
    expect((await run("stop", "--agent", "a", "--all", "--reason", "r")).code).toBe(usage.code);
    expect((await run("stop", "--reason", "r")).code).toBe(usage.code);
    expect((await run("stop", "--all")).code).toBe(usage.code);
    expect((await run("stop", "--entity", "invoice", "--reason", "r")).code).toBe(usage.code);
    expect((await run("resume", `stp_${"0".repeat(32)}`, "--yes")).code).toBe(unexpected.code);
    expect((await server.admin.listStops()).stops).toEqual([]);
  });
});

describe("verify", () => {
  const verify = (...words: string[]) =>
    runIn({ env: { DATABASE_URL: server.databaseUrl } }, "verify", "--data", server.dataDir, ...words);

  it("recomputes the ledger of a running server, and names a changed byte", async () => {
    const { id } = await clerk.proposeAction({ tool: "shop.note", arguments: { text: "on record" } });
    const good = dataOf(await verify("--json"));
    expect(good).toMatchObject({ ok: true });
    expect(good.entries).toBeGreaterThan(2);
    const database = new pg.Client(server.connection);
    await database.connect();
    const where = `where tenant = 'main' and action = '${id}' and kind = 'started'`;
    await database.query(`update ledger_entries set agent = 'reader' ${where}`);
    const bad = await verify();
    await database.query(`update ledger_entries set agent = 'clerk' ${where}`);
    await database.end();
    expect(bad.code).toBe(gateFailed.code);
    expect(bad.out).toMatch(/agent/);
    expect((await verify()).code).toBe(ok.code);
  });

  it("needs the public key, and a database that is there", async () => {
    const empty = path.join(folder, "empty");
    mkdirSync(empty);
    const keyless = await runIn({ env: { DATABASE_URL: server.databaseUrl } }, "verify", "--data", empty);
    expect(keyless.code).toBe(unexpected.code);
    expect(keyless.err).toContain("ledger.pub");
    const env = { DATABASE_URL: "postgres://somebody:p4ssw0rd-in-url@127.0.0.1:1/nothing" };
    const away = await runIn({ env }, "verify", "--data", server.dataDir);
    expect(away.code).toBe(network.code);
    expect(away.err + away.out).not.toContain("p4ssw0rd");
  });
});

describe("check, plan and apply", () => {
  const write = (name: string, files: Readonly<Record<string, string>>): string => {
    const at = path.join(folder, name);
    mkdirSync(at, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(at, file), text);
    return name;
  };
  const louder = (files: Readonly<Record<string, string>>, purpose: string) => ({
    ...files,
    "agents.yaml": (files["agents.yaml"] ?? "").replace("Refunds and notes", purpose),
  });

  it("check says yes to a good folder, offline", async () => {
    const good = write("good", shopFiles);
    const said = await runIn({}, "check", good);
    expect(said.code).toBe(ok.code);
    // What is allowed and yet worth a word: a write that can neither be repeated nor looked up.
    expect(said.out).toMatch(/warning\[AW1210\]: shop\.blind[^]*shop\.yaml:\d+:\d+/);
    expect(said.err).toContain("5 files checked");
    expect(dataOf(await runIn({}, "check", good, "--json"))).toMatchObject({ ok: true, files: 5 });
  });

  it("check shows what is wrong, where, and what was meant", async () => {
    const bad = write("bad", {
      ...shopFiles,
      "agents.yaml": (shopFiles["agents.yaml"] ?? "").replace("level: senior", "levle: senior"),
      "rules.cedar": `${shopFiles["rules.cedar"]}\npermit (principal, action, resource) when { context.nothing };\n`,
    });
    const [text, json, github] = await Promise.all([
      runIn({}, "check", bad),
      runIn({}, "check", bad, "--json"),
      runIn({}, "check", bad, "--format", "github"),
    ]);
    expect([text.code, json.code, github.code]).toEqual([gateFailed.code, gateFailed.code, gateFailed.code]);
    expect(text.out).toMatch(/agents\.yaml:\d+:\d+[^]*levle: senior\n[^]*\^\^\^\^\^[^]*level/);
    expect(parse(json.out).data.findings?.map(({ file }) => file)).toContain("agents.yaml");
    expect(github.out).toMatch(/^::error file=bad\/agents\.yaml,line=\d+,col=\d+/m);
    expect((await runIn({}, "check", "not-there")).code).toBe(usage.code);
  });

  it("plan writes down what apply then does: exactly that, though the folder has changed since", async () => {
    const dir = write("next", louder(shopFiles, "Refunds, notes and tea"));
    const planned = await run("plan", dir, "-o", "next.plan", "--detailed-exitcode");
    expect(planned.code).toBe(changesPending.code);
    expect(planned.out).toContain("clerk");
    write("next", louder(shopFiles, "Anything at all"));
    const unasked = await run("apply", "next.plan");
    expect(unasked).toMatchObject({ code: usage.code, out: "" });
    const applied = await run("apply", "next.plan", "--yes", "--json");
    expect(dataOf(applied).version).toBe(2);
    const { agents } = await server.admin.listAgents();
    expect(agents.find(({ name }) => name === "clerk")?.purpose).toBe("Refunds, notes and tea");
    const unchanged = write("same", louder(shopFiles, "Refunds, notes and tea"));
    expect((await run("plan", unchanged, "--detailed-exitcode")).code).toBe(ok.code);
  });

  it("apply refuses a plan whose base has moved, that was tampered with, or that is another tenant's", async () => {
    const dir = write("late", louder(shopFiles, "Late"));
    expect((await run("plan", dir, "-o", "late.plan")).code).toBe(ok.code);
    await server.apply(louder(shopFiles, "Quicker"));
    const late = await run("apply", "late.plan", "--yes");
    expect(late.code).toBe(unexpected.code);
    expect(late.err).toMatch(/made on version \d+, and version \d+ is live[^]*fix: Plan again/);

    expect((await run("plan", dir, "-o", "fresh.plan")).code).toBe(ok.code);
    const plan = readFileSync(path.join(folder, "fresh.plan"), "utf8");
    writeFileSync(path.join(folder, "tampered.plan"), plan.replaceAll("purpose: Late", "purpose: Evil"));
    expect((await run("apply", "tampered.plan", "--yes")).code).toBe(unexpected.code);
    writeFileSync(path.join(folder, "other.plan"), plan.replace('"tenant": "main"', '"tenant": "other"'));
    expect((await run("apply", "other.plan", "--yes", "--tenant", "main")).code).toBe(usage.code);
    writeFileSync(path.join(folder, "not.plan"), "{}");
    expect((await run("apply", "not.plan", "--yes")).code).toBe(usage.code);
    expect((await run("apply", "no-such.plan", "--yes")).code).toBe(usage.code);
    const { agents } = await server.admin.listAgents();
    expect(agents.find(({ name }) => name === "clerk")?.purpose).toBe("Quicker");
  });

  it("plan of a folder that does not validate makes none", async () => {
    const dir = write("broken", { ...shopFiles, "people.yaml": "kind: Person\nname: [" });
    const said = await run("plan", dir, "-o", "broken.plan");
    expect(said.code).toBe(usage.code);
    expect(said.err).toMatch(/people\.yaml:\d+:\d+[^]*no plan was made/);
    expect((await run("apply", "broken.plan", "--yes")).code).toBe(usage.code);
  });
});

describe("a command line", () => {
  it("that is wrong, finds no server, or has no good key leaves with the code that says so", async () => {
    writeFileSync(path.join(folder, "bad.key"), "awk_main_nothing\n", { mode: 0o600 });
    const gone = path.join(folder, "gone");
    mkdirSync(gone);
    writeFileSync(path.join(gone, "server.json"), JSON.stringify({ url: server.url, pid: 2 ** 22 + 1 }));
    const cases: readonly (readonly [string[], number])[] = [
      [["--version"], ok.code],
      [["help", "exit-codes"], ok.code],
      [["nothing"], usage.code],
      [["agents", "list", "--nothing"], usage.code],
      [["health", "--data", server.dataDir], ok.code],
      [["doctor", "--data", server.dataDir], ok.code],
      [["agents", "list"], network.code],
      [["agents", "list", "--data", gone], network.code],
      [["agents", "list", "--url", "http://127.0.0.1:1"], network.code],
      [["agents", "list", "--url", server.url], auth.code],
      [["agents", "list", "--url", server.url, "--key-file", "bad.key"], auth.code],
      [["agents", "list", "--url", server.url, "--key-file", "no.key"], auth.code],
      [["agents", "list", "--url", "ftp://x"], usage.code],
      [["agents", "list", "--url", "http://user:word@127.0.0.1:1"], usage.code],
      [["agents", "list", "--data", server.dataDir, "--tenant", "no such"], usage.code],
      [["agents", "list", "--data", server.dataDir, "--tenant", "nobody"], unexpected.code],
    ];
    const tried = await Promise.all(cases.map(async ([words]) => [words, await runIn({}, ...words)] as const));
    expect(tried.map(([words, { code }]) => [words, code])).toEqual(cases);
    for (const [, { err }] of tried) expect(err).not.toMatch(/^\s+at .+:\d+:\d+|node_modules|node:internal/m);
  });
});
