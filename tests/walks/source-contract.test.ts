/** Contracts on what is read: a record that breaks them is taken out of the answer, quarantined, and the agent is told. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type Desk, openDesk } from "../support/desk.ts";
import { shopFiles } from "../support/shop.ts";

const files = {
  ...shopFiles,
  "contracts.yaml": `
apiVersion: airworthy/v1
kind: SourceContract
name: orders
version: 1
fields:
  - { name: id, type: text, nullable: false }
  - { name: total, type: integer, nullable: false, range: { min: 0, max: 1000 } }
  - { name: status, type: text, nullable: false, allowed: [open, paid] }
---
apiVersion: airworthy/v1
kind: SourceContract
name: account
version: 2
unlisted: ignore
fields:
  - { name: id, type: text, nullable: false }
  - { name: status, type: text, nullable: false, allowed: [active, disputed] }
`,
  "orders.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: orders
type: http
baseUrl: \${SHOP_URL}
tools:
  - name: orders.list
    effect: read
    input: { type: object, properties: {}, additionalProperties: false }
    request: { method: GET, path: /orders }
    contract: orders
    records: $.items[*]
    yields:
      - { fact: order.status, each: $.items, key: "@.id", value: "@.status", authoritative: true, type: string }
  - name: account.get
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id], additionalProperties: false }
    request: { method: GET, path: "/account/{id}" }
    contract: account
    yields:
      - { fact: account.status, key: $.id, value: $.status, type: string, authoritative: true }
  - name: account.note
    effect: write
    reversibility: reversible
    input: { type: object, properties: { account: { type: string }, text: { type: string } }, required: [account, text] }
    request: { method: POST, path: /notes, body: [text] }
    rests_on:
      - { fact: account.status, key: $.account, maxAge: 1m, lookup: { tool: account.get, with: { id: $.account } } }
    idempotency: { header: Idempotency-Key, retention: 1h }
`,
  "agents.yaml": shopFiles["agents.yaml"]!.replace(
    "tools: [shop.list,",
    "tools: [orders.list, account.get, account.note, shop.list,",
  ),
};

let desk: Desk;
let clerk: Awaited<ReturnType<Desk["server"]["agent"]>>;
let answer: unknown;
beforeAll(async () => {
  desk = await openDesk({ files });
  desk.interfere = ({ path }) => (path === "/orders" || path.startsWith("/account/") ? { body: answer } : undefined);
  clerk = await desk.server.agent("clerk");
});
afterAll(async () => desk.close());

const list = () => clerk.client.proposeAction({ tool: "orders.list", arguments: {} });
const good = (id: string) => ({ id, total: 5, status: "open" });
const held = async () => (await desk.server.admin.listQuarantined({ source: "orders" })).quarantined;

describe("a list with a contract", () => {
  it("is shown without the records that break it; the agent is told how many and why", async () => {
    answer = {
      items: [good("o1"), { id: "o2", total: "5", status: "open" }, good("o3"), { id: "o4", total: 5, state: "open" }],
    };
    const shown = await list();
    expect(shown).toMatchObject({
      status: "done",
      result: { items: [{ id: "o1" }, { id: "o3" }] },
      heldBack: {
        contract: "orders",
        records: 2,
        faults: [
          { record: 2, field: "total", expected: "type integer", found: '"5"' },
          { record: 4, field: "status", expected: "a value", found: "no such field" },
        ],
      },
    });
    const facts = await desk.sql<{ key: string }>(
      "select key from observations where fact = 'order.status' order by key",
    );
    expect(facts.map(({ key }) => key)).toEqual(["o1", "o3"]);
    const record = await desk.server.admin.readAction({ id: shown.id });
    expect(record.heldBack).toMatchObject({ records: 2 });
    expect((await held()).map(({ tool, faults }) => [tool, faults[0]?.field])).toEqual(
      expect.arrayContaining([
        ["orders.list", "total"],
        ["orders.list", "status"],
      ]),
    );
  });

  it("says so in plain words to a model behind the gateway", async () => {
    answer = { items: [good("o1"), { ...good("o2"), total: 5000 }] };
    const response = await fetch(`${desk.server.url}/mcp`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${clerk.key}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "orders.list",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: {
          name: "orders.list",
          arguments: {},
          _meta: {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
          },
        },
      }),
    });
    const text = await response.text();
    expect(text).toContain("1 record of this answer is held back and not shown");
    expect(text).toContain("total should be 0 to 1000, found 5000");
    expect(text).not.toContain('"o2"');
  });

  it("comes again: the same bad record is counted, not listed twice; released, it passes from then on", async () => {
    answer = { items: [{ ...good("o9"), status: "odd" }] };
    for (const _ of [1, 2, 3]) await list();
    const [one, ...others] = (await held()).filter(({ faults }) => faults[0]?.found === '"odd"');
    expect([one?.times, others]).toEqual([3, []]);
    if (!one) throw new Error("not held");
    await expect(
      desk.server.admin.releaseQuarantined({ id: one.id, reason: "r", value: good("o9") }),
    ).rejects.toMatchObject({ code: "invalid_input", place: "$.value" });
    await desk.server.admin.releaseQuarantined({ id: one.id, reason: "a new status, agreed" });
    const shown = await list();
    expect(shown).toMatchObject({ result: { items: [{ id: "o9", status: "odd" }] } });
    expect(shown).not.toHaveProperty("heldBack");
  });

  it("without its list is no answer: nothing found must not look like nothing there", async () => {
    for (const body of [{ orders: [good("o1")] }, { items: "none" }, [], null]) {
      answer = body;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await list()).toMatchObject({ status: "failed", error: { code: "contract_broken" } });
    }
  });

  it("holds back what is no record at all", async () => {
    answer = { items: [good("o1"), 7, null, [good("o2")]] };
    expect(await list()).toMatchObject({ result: { items: [{ id: "o1" }] }, heldBack: { records: 3 } });
  });
});

describe("an answer that is one record", () => {
  it("is not shown when it breaks its contract, and nothing rests on it", async () => {
    answer = { id: "a1", status: "unheard of", note: "unlisted fields are ignored here" };
    expect(await clerk.client.proposeAction({ tool: "account.get", arguments: { id: "a1" } })).toMatchObject({
      status: "failed",
      error: { code: "contract_broken", message: expect.stringContaining("status should be one of active, disputed") },
    });
    const write = await clerk.client.proposeAction({
      tool: "account.note",
      arguments: { account: "a1", text: "hello" },
    });
    expect(write).toMatchObject({ status: "refused", decision: { reasons: [{ code: "fact_unavailable" }] } });
    expect(desk.effects("text", "hello")).toEqual([]);
    answer = { id: "a1", status: "active" };
    const again = await clerk.client.proposeAction({
      tool: "account.note",
      arguments: { account: "a1", text: "hello" },
    });
    expect(again).toMatchObject({ status: "done" });
  });
});

describe("a contract", () => {
  it("is part of the configuration: planned with its consequences, versioned with the snapshot", async () => {
    const texts = {
      ...files,
      "contracts.yaml": files["contracts.yaml"].replace("max: 1000", "max: 9000").replace("version: 1", "version: 2"),
    };
    const plan = await desk.server.admin.planConfig({
      files: Object.entries(texts).map(([path, text]) => ({ path, text })),
    });
    expect(plan.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(plan.changes).toMatchObject([
      {
        group: "sources",
        kind: "changed",
        name: "orders",
        detail: "contract orders is version 2 (was 1); total changed",
      },
    ]);
    await desk.server.apply(texts);
    answer = { items: [{ ...good("o1"), total: 5000 }] };
    expect(await list()).toMatchObject({ result: { items: [{ id: "o1" }] } });
  });

  it("that does not exist, or stands where it means nothing, is an error with its place", async () => {
    const plan = async (from: string, to: string) => {
      const texts = { ...files, "orders.yaml": files["orders.yaml"].replace(from, to) };
      const { findings } = await desk.server.admin.planConfig({
        files: Object.entries(texts).map(([path, text]) => ({ path, text })),
      });
      return findings.filter(({ severity }) => severity === "error").map(({ code, message }) => `${code} ${message}`);
    };
    expect(await plan("contract: orders", "contract: order")).toEqual(['AW1901 there is no source contract "order"']);
    expect(await plan("    contract: orders\n", "")).toEqual([
      "AW1906 orders.list says where its records are, and no contract asks for them",
    ]);
    expect(await plan("records: $.items[*]", "records: $.items[")).toEqual([expect.stringContaining("AW1201")]);
    expect(await plan("request: { method: POST", "contract: orders\n    request: { method: POST")).toEqual([
      "AW1906 account.note writes; what a write answers is not held back",
    ]);
  });
});
