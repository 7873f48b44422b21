/** Tests the compiled snapshot: defaults, digests that follow the content alone, and the example company. */
import { fileURLToPath } from "node:url";

import type { ConfigFile } from "@airworthy/contract";
import { describe, expect, test } from "vitest";

import { toPolicyTools } from "../../kernel/policy-tools.ts";
import { checkFiles, compileBundle } from "./compile.ts";
import type { SnapshotContent } from "./compile.ts";
import { readFolder } from "./read-folder.ts";

const person = "apiVersion: airworthy/v1\nkind: Person\nname: maria\nroles: [approver]\n";
const connector = `apiVersion: airworthy/v1
kind: Connector
name: store
type: http
baseUrl: \${STORE_URL}
tools:
  - name: store.get
    effect: read
    timeout: 2s
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: GET, path: "/items/{id}" }
    facets: { id: { path: $.id, type: string } }
    yields: [{ fact: store.open, key: $.id, value: $.open, type: boolean, authoritative: true }]
  - name: store.put
    effect: write
    input: { type: object, properties: { id: { type: string }, minor: { type: integer } }, required: [id, minor] }
    request: { method: PUT, path: "/items/{id}", body: [minor] }
    amount: { minor: $.minor, currency: EUR }
    rests_on: [{ fact: store.open, key: $.id, maxAge: 1m, lookup: { tool: store.get, with: { id: $.id } } }]
    idempotency: { header: Idempotency-Key, retention: 1d }
`;
const compile = async (...texts: string[]): Promise<SnapshotContent> => {
  const { snapshot, findings } = await compileBundle("t", files(...texts));
  if (snapshot === undefined) throw new Error(JSON.stringify(findings));
  return snapshot;
};
const files = (...texts: string[]): ConfigFile[] => texts.map((text, index) => ({ path: `${index}.yaml`, text }));

describe("compileBundle", () => {
  test("fills in what a tool leaves out, on the safe side", async () => {
    const { snapshot, findings } = await compileBundle("t", files(person, connector));
    expect(findings.map(({ code }) => code)).toEqual(["AW1209"]);
    expect(snapshot?.tools["store.get"]).toMatchObject({
      reversibility: "read_only",
      timeoutMs: 2_000,
      connector: "store",
    });
    expect(snapshot?.tools["store.put"]).toMatchObject({ reversibility: "irreversible", timeoutMs: 15_000 });
  });

  test("describes tools to the policy engine", async () => {
    const { snapshot } = await compileBundle("t", files(person, connector));
    expect(toPolicyTools({ tools: snapshot?.tools ?? {} })).toEqual([
      {
        name: "store.get",
        system: "store",
        effect: "read",
        money: false,
        reversibility: "read_only",
        facets: { id: "string" },
        computed: {},
        facts: {},
      },
      {
        name: "store.put",
        system: "store",
        effect: "write",
        money: true,
        reversibility: "irreversible",
        facets: {},
        computed: {},
        facts: { "store.open": "boolean" },
      },
    ]);
  });

  test("equal content has equal digests, whatever the files, their order, layout and comments", async () => {
    const apart = await compileBundle("t", files(person, connector));
    const together = await compileBundle("t", [{ path: "all.yml", text: `# all\n${connector}---\n${person}` }]);
    expect(together.snapshot).toEqual(apart.snapshot);
    expect(apart.snapshot?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test("another content has another digest, and so has another tool", async () => {
    const before = await compile(person, connector);
    const after = await compile(person, connector.replace("maxAge: 1m", "maxAge: 2m"));
    expect(after.digest).not.toBe(before.digest);
    expect(after.tools["store.put"]?.digest).not.toBe(before.tools["store.put"]?.digest);
    expect(after.tools["store.get"]?.digest).toBe(before.tools["store.get"]?.digest);
    const elsewhere = await compileBundle("other", files(person, connector));
    expect(elsewhere.snapshot?.digest).not.toBe(before.digest);
  });

  test("an MCP tool's digest follows its pin", async () => {
    const mcp = (digit: string): string =>
      `apiVersion: airworthy/v1\nkind: Connector\nname: m\ntype: mcp\nurl: http://m\ntools:\n  - { name: m.get, effect: read, pin: "sha256:${digit.repeat(64)}" }\n`;
    const [one, two] = [await compile(mcp("1")), await compile(mcp("2"))];
    expect(one.tools["m.get"]?.digest).toBeDefined();
    expect(one.tools["m.get"]?.digest).not.toBe(two.tools["m.get"]?.digest);
  });

  test("an error leaves no snapshot, and reports documents and policies at once", async () => {
    const broken = [...files(person.replace("approver", "aprover")), { path: "a.cedar", text: "permit" }];
    const { snapshot, findings } = await compileBundle("t", broken);
    expect(snapshot).toBeUndefined();
    expect(findings.map(({ code, file }) => [code, file])).toEqual([
      ["AW1012", "0.yaml"],
      ["AW1501", "a.cedar"],
    ]);
  });

  test("a name in a document with another fault does not count as missing", async () => {
    const team = "apiVersion: airworthy/v1\nkind: Team\nname: t\nmembers: [maria]\n";
    const faulty = await checkFiles(files(person.replace("approver", "aprover"), team));
    expect(faulty.map(({ code }) => code)).toEqual(["AW1012"]);
    const unreadable = await checkFiles(files(`${person}roles: []\n`, team));
    expect(unreadable.map(({ code }) => code)).toEqual(["AW1005"]);
  });

  test("no files compile to an empty snapshot", async () => {
    const { snapshot, findings } = await compileBundle("t", []);
    expect(findings).toEqual([]);
    expect(snapshot).toMatchObject({ tenant: "t", agents: {}, tools: {}, policies: [] });
  });
});

test("the example company's configuration is right, and says what it cannot promise", async () => {
  const folder = fileURLToPath(new URL("../../../../../examples/company/airworthy", import.meta.url));
  const { snapshot, findings } = await compileBundle("company", await readFolder(folder));
  expect(findings.map(({ code, message }) => `${code} ${message.split(" ", 1).join("")}`)).toEqual([
    "AW1210 shipments.assign_carrier",
    "AW1210 carriers.renegotiate_contract",
  ]);
  expect(Object.keys(snapshot?.agents ?? {})).toEqual([
    "billing-corrections",
    "carrier-routing",
    "cash-flow",
    "invoice-review",
    "vendor-relations",
  ]);
});
