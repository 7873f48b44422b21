/** Whole command lines against a fake server: what is asked, what is answered, and with which code. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { AirworthyError } from "@airworthy/contract";
import type { Command } from "commander";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { buildProgram } from "./program.ts";
import { finding, ids, runIn } from "./shell.fixture.ts";
import { createShell } from "./shell.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "airworthy-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const terminal = { outIsTerminal: true, errIsTerminal: true, inIsTerminal: true };
const json = (text: string): unknown => JSON.parse(text);

function leaves(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}
const tree = buildProgram({ shell: createShell(() => Promise.reject(new Error("not here"))), finish: () => undefined });

describe("every command", () => {
  it.each(leaves(tree).map((command) => [pathOf(command), command] as const))(
    "%s shows real examples",
    async (path) => {
      const { code, out } = await runIn({}, ...path.split(" "), "--help");
      expect(code).toBe(0);
      expect(out).toContain(`  $ airworthy ${path}`);
      expect(out).toContain("--json");
    },
  );

  it("never takes a key as a flag's value", () => {
    const flags = leaves(tree).flatMap((command) =>
      [...command.options, ...tree.options].map((option) => option.flags),
    );
    // Whose fact it is, and no secret.
    const factKey = "--key <whose>";
    expect(
      flags.filter((flag) => flag !== factKey).filter((flag) => /--(key|token|password|secret)\b(?!-file)/.test(flag)),
    ).toEqual([]);
  });
});

function pathOf(command: Command): string {
  const parent = command.parent;
  return parent === null || parent.parent === null ? command.name() : `${pathOf(parent)} ${command.name()}`;
}

describe("usage", () => {
  it.each([
    ["an unknown command", ["nonsense"]],
    ["an unknown flag", ["health", "--nonsense"]],
    ["a missing argument", ["explain"]],
    ["a missing reason", ["stop", "--all"]],
    ["an id of another kind", ["explain", ids.stop]],
    ["a shortened id", ["explain", "act_123"]],
    ["two scopes", ["stop", "--all", "--agent", "a", "--reason", "r"]],
    ["no scope", ["stop", "--reason", "r"]],
    ["both ends", ["actions", "resolve", ids.action, "--happened", "--not-happened", "--reason", "r"]],
    ["neither end", ["actions", "resolve", ids.action, "--reason", "r"]],
    ["an unknown status", ["actions", "list", "--status", "gone"]],
    ["a limit out of bounds", ["actions", "list", "--limit", "501"]],
    ["a port that is none", ["start", "--port", "65536"]],
    ["an address that is none", ["health", "--url", "nowhere"]],
    ["a password in the address", ["health", "--url", "http://a:b@127.0.0.1"]],
    ["an unknown topic", ["help", "nonsense"]],
  ])("%s leaves with 2, says why and asks nobody", async (_, words) => {
    const { code, out, err, asked } = await runIn({ server: () => ({ body: {} }) }, ...words);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toMatch(/^error: /);
    expect(asked).toEqual([]);
  });

  it("help exit-codes shows the table, as text and as JSON", async () => {
    const text = await runIn({}, "help", "exit-codes");
    const data = await runIn({}, "help", "exit-codes", "--json");
    expect(text.out).toMatch(/^CODE {2}MEANING\n {3}0 {2}Done\.\n/);
    expect(json(data.out)).toMatchObject({ schema: "airworthy.exit-codes/1" });
  });

  it("--version is the package's", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect((await runIn({}, "--version")).out).toBe(`${version}\n`);
  });
});

describe("failures", () => {
  it.each([
    ["unauthenticated", 401, 4],
    ["forbidden", 403, 4],
    ["not_found", 404, 1],
    ["conflict", 409, 1],
    ["invalid_input", 400, 2],
    ["unavailable", 503, 5],
    ["internal", 500, 1],
  ])("%s leaves with its code, with the server's place and fix", async (code, status, exit) => {
    const body = { code, message: "not so", retryable: false, place: "here", fix: "do this" };
    const ran = await runIn({ server: () => ({ status, body }) }, "stops", "list");
    expect(ran).toMatchObject({ code: exit, out: "", err: "error: not so\n  at here\n  fix: do this\n" });
  });

  it("with --json the failure is an envelope on stderr", async () => {
    const body = { code: "forbidden", message: "not so", retryable: false, fix: "do this" };
    const ran = await runIn({ server: () => ({ status: 403, body }) }, "stops", "list", "--json");
    expect(ran.out).toBe("");
    expect(json(ran.err)).toEqual({
      schema: "airworthy.error/1",
      data: { code: "forbidden", message: "not so", fix: "do this", exitCode: 4 },
    });
  });

  it("a server that cannot be reached leaves with 5", async () => {
    expect(await runIn({}, "health")).toMatchObject({ code: 5, out: "" });
  });
});

describe("start", () => {
  it("hands the options on, prints one line of JSON when ready, and closes when asked", async () => {
    const seen: unknown[] = [];
    const startServer = (options: object) => {
      seen.push({ ...options, onProgress: undefined });
      return Promise.resolve({ url: "http://127.0.0.1:5000", close: () => Promise.resolve(void seen.push("closed")) });
    };
    const words = ["start", "--data", folder, "--config", "conf", "--port", "0", "--without-freshness", "--json"];
    const ran = await runIn({ parts: { startServer }, shell: { cwd: folder } }, ...words);
    expect(ran.code).toBe(0);
    expect(json(ran.out)).toEqual({
      schema: "airworthy.ready/1",
      url: "http://127.0.0.1:5000",
      pid: 4242,
      startedInMs: 1234,
    });
    const configDir = join(folder, "conf");
    expect(seen).toEqual([{ dataDir: folder, configDir, port: 0, host: "127.0.0.1", freshness: false }, "closed"]);
    expect(ran.err).toContain("ready  http://127.0.0.1:5000");
  });

  it("keeps stdout empty without --json, and freshness on unless told otherwise", async () => {
    let freshness: boolean | undefined;
    const startServer = (options: { freshness: boolean }) => {
      freshness = options.freshness;
      return Promise.resolve({ url: "http://127.0.0.1:5000", close: () => Promise.resolve() });
    };
    expect((await runIn({ parts: { startServer } }, "start")).out).toBe("");
    expect(freshness).toBe(true);
  });
});

describe("check", () => {
  const files = [{ path: "agents.yaml", text: "kind: Agent\n" }];
  const parts = { readFolder: () => Promise.resolve(files), checkFiles: () => Promise.resolve([finding]) };

  it("leaves with 6 for errors, and with 0 for warnings alone", async () => {
    const checkFiles = () => Promise.resolve([{ ...finding, severity: "warning" as const }]);
    expect(await runIn({ parts }, "check", "conf")).toMatchObject({
      code: 6,
      out: 'agents.yaml:8 "juniro" is not a level\n',
    });
    expect(await runIn({ parts: { ...parts, checkFiles } }, "check", "conf")).toMatchObject({ code: 0 });
  });

  it("names a folder that is not there as wrong usage, and shows each line of a long message", async () => {
    const gone = new AirworthyError("not_found", "There is no folder conf.", { fix: "Name one." });
    const bad = new AirworthyError("invalid_input", "a: is not UTF-8\nfix: b\u001B[2J");
    const { readFolder: _, ...others } = parts;
    const first = await runIn({ parts: { ...others, readFolder: () => Promise.reject(gone) } }, "check", "conf");
    const other = await runIn({ parts: { ...others, readFolder: () => Promise.reject(bad) } }, "check", "conf");
    expect(first).toMatchObject({ code: 2, err: "error: There is no folder conf.\n  fix: Name one.\n" });
    expect(other).toMatchObject({ code: 2, err: "error: a: is not UTF-8\n  fix: b\\u001b[2J\n" });
  });

  it("writes one annotation a finding for GitHub, escaped", async () => {
    const text = "100% wrong\n::error::x";
    const checkFiles = () => Promise.resolve([{ ...finding, message: text }]);
    const { out } = await runIn({ parts: { ...parts, checkFiles } }, "check", "conf", "--format", "github");
    expect(out).toBe(
      '::error file=conf/agents.yaml,line=8,col=13,endColumn=19,title=AW1001::100%25 wrong\\n::error::x (did you mean "junior"?)\n',
    );
  });

  it("--json and --format json are the same", async () => {
    const one = await runIn({ parts }, "check", "conf", "--json");
    const other = await runIn({ parts }, "check", "conf", "--format", "json");
    expect(one.out).toBe(other.out);
    expect(json(one.out)).toEqual({ schema: "airworthy.check/1", data: { ok: false, files: 1, findings: [finding] } });
  });
});

describe("plan and apply", () => {
  const files = [{ path: "agents.yaml", text: "kind: Agent\n" }];
  const parts = { readFolder: () => Promise.resolve(files) };
  const plan = {
    schema: "airworthy.plan/1",
    tenant: "default",
    base: { version: 3, digest: "sha256:aa" },
    digest: "sha256:bb",
    findings: [],
    changes: [{ group: "agents", kind: "removed", name: "refund-agent", detail: "loses payments.refund" }],
    preview: {
      replayed: 10,
      same: 9,
      changed: [
        {
          action: ids.action,
          tool: "payments.refund",
          agent: "refund-agent",
          was: "allow",
          now: "deny",
          detail: "gone",
        },
      ],
      unjudgeable: 0,
    },
    files,
  };
  const server = ({ path }: { path: string }) =>
    path === "/v1/plans" ? { body: plan } : { body: { version: 4, digest: "sha256:bb" } };

  it("plan prints consequences, writes the file for its owner alone, and 3 only when asked", async () => {
    const out = join(folder, "change.plan");
    const plain = await runIn({ server, parts, shell: { cwd: folder } }, "plan", ".", "-o", "change.plan");
    expect(plain.code).toBe(0);
    expect(plain.out).toContain("- refund-agent  loses payments.refund");
    expect(plain.out).toContain("allow → deny");
    expect(json(readFileSync(out, "utf8"))).toEqual(plan);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(await runIn({ server, parts }, "plan", "--detailed-exitcode")).toMatchObject({ code: 3 });
    const calm = () => ({ body: { ...plan, changes: [] } });
    expect(await runIn({ server: calm, parts }, "plan", "--detailed-exitcode")).toMatchObject({ code: 0 });
  });

  it("plan with errors leaves with 2 and writes no file", async () => {
    const broken = () => ({ body: { ...plan, findings: [finding] } });
    const ran = await runIn({ server: broken, parts, shell: { cwd: folder } }, "plan", "-o", "change.plan");
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("agents.yaml:8");
    expect(() => statSync(join(folder, "change.plan"))).toThrow("ENOENT");
  });

  it("apply sends exactly the plan after a typed yes, to the plan's tenant", async () => {
    writeFileSync(join(folder, "change.plan"), JSON.stringify(plan));
    writeFileSync(join(folder, "server.json"), JSON.stringify({ url: "http://127.0.0.1:5000", pid: process.pid }));
    writeFileSync(join(folder, "admin.key"), "aw_admin\n", { mode: 0o600 });
    const shell = {
      cwd: folder,
      environment: { colour: "auto" } as const,
      ...terminal,
      ask: () => Promise.resolve("yes"),
    };
    const ran = await runIn({ server, shell }, "apply", "change.plan", "--data", folder);
    expect(ran.code).toBe(0);
    expect(ran.out).toBe("applied  snapshot 4 (sha256:bb)\n");
    expect(ran.questions).toEqual(["Apply 1 change to tenant default? Type yes to go on: "]);
    expect(ran.asked).toEqual([
      {
        method: "POST",
        path: "/v1/configs",
        body: { files, base: plan.base, digest: plan.digest, tenant: "default" },
        key: "aw_admin",
        tenant: "default",
      },
    ]);
  });

  it.each(["no", "y", "", "YES "])("apply does nothing after %j", async (answer) => {
    writeFileSync(join(folder, "change.plan"), JSON.stringify(plan));
    const shell = { cwd: folder, ...terminal, ask: () => Promise.resolve(answer) };
    const ran = await runIn({ server, shell }, "apply", "change.plan");
    expect(ran).toMatchObject({ code: 2, asked: [] });
  });

  it("apply without a terminal requires --yes", async () => {
    writeFileSync(join(folder, "change.plan"), JSON.stringify(plan));
    const silent = await runIn({ server, shell: { cwd: folder } }, "apply", "change.plan");
    expect(silent).toMatchObject({ code: 2, asked: [], questions: [] });
    expect(silent.err).toContain("--yes");
    expect(await runIn({ server, shell: { cwd: folder } }, "apply", "change.plan", "--yes")).toMatchObject({ code: 0 });
  });

  it("apply refuses another tenant, a plan with errors, and what is no plan", async () => {
    const refuse = async (content: string, ...more: readonly string[]) => {
      writeFileSync(join(folder, "change.plan"), content);
      const ran = await runIn({ server, shell: { cwd: folder } }, "apply", "change.plan", "--yes", ...more);
      expect(ran).toMatchObject({ code: 2, asked: [] });
      return ran.err;
    };
    expect(await refuse(JSON.stringify(plan), "--tenant", "acme")).toContain("tenant default");
    expect(await refuse(JSON.stringify({ ...plan, findings: [finding] }))).toContain("errors");
    expect(await refuse("{}")).toContain("not a plan");
    expect(await refuse("not JSON")).toContain("not JSON");
  });
});
