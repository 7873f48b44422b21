/** One refund through every room: fresh, stale and unchanged, stale and changed, unknown to the agent. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startTestServer, type TestServer } from "../support/server.ts";
import { shopFiles } from "../support/shop.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

let shop: Upstream;
let server: TestServer;
const status: Record<string, string> = {};
/** As-of that the list reports, in ms before now. */
let listAgeMs = 0;

beforeAll(async () => {
  shop = await startUpstream(({ method, path }) => {
    if (method === "POST") return { status: 201, body: { id: `ref-${shop.received.length}` } };
    if (path === "/accounts") {
      const accounts = Object.keys(status).map((id) => ({ id, status: "active" }));
      return { body: { asOf: new Date(Date.now() - listAgeMs).toISOString(), accounts } };
    }
    const id = path.split("/")[2] ?? "";
    return { body: { id, status: status[id] ?? "active" } };
  });
  server = await startTestServer({ files: shopFiles, env: { SHOP_URL: shop.url, SHOP_KEY: "k-1" } });
});
afterAll(async () => {
  await server.close();
  await shop.close();
});

const refund = (account: string, amountMinor = 1000) => ({
  tool: "shop.refund",
  arguments: { account, invoice: `inv-${account}`, amountMinor },
});

describe("a refund", () => {
  it("is carried out on a fact that the agent read a moment ago, with nothing read again", async () => {
    const { client } = await server.agent("clerk");
    status["a1"] = "active";
    listAgeMs = 0;
    await client.proposeAction({ tool: "shop.list", arguments: {} });
    const before = shop.received.length;
    const answer = await client.proposeAction(refund("a1"));
    expect(answer.status).toBe("done");
    expect(shop.received.slice(before).map((one) => one.path)).toEqual(["/refunds"]);
    const { action, effect, proof } = await server.admin.explainAction({ id: answer.id });
    expect(action.facts).toMatchObject([
      { fact: "shop.status", key: "a1", value: "active", how: "agent", source: "shop.list" },
    ]);
    expect(effect).toMatchObject({ state: "done", idempotencyKey: answer.id });
    expect(proof.map((entry) => entry.kind)).toEqual(["started", "finished"]);
  });

  it("reads a stale fact again at its source and goes on when it has not changed", async () => {
    const { client } = await server.agent("clerk");
    status["a2"] = "active";
    listAgeMs = 120_000;
    await client.proposeAction({ tool: "shop.list", arguments: {} });
    const answer = await client.proposeAction(refund("a2"));
    expect(answer.status).toBe("done");
    const { action } = await server.admin.explainAction({ id: answer.id });
    expect(action.facts).toMatchObject([
      { how: "reread", source: "shop.get", believed: { value: "active", source: "shop.list" } },
    ]);
  });

  it("is refused when the fact has changed since the agent read it, until the agent reads it again", async () => {
    const { client } = await server.agent("clerk");
    status["a3"] = "active";
    listAgeMs = 120_000;
    await client.proposeAction({ tool: "shop.list", arguments: {} });
    status["a3"] = "vip";
    const refused = await client.proposeAction(refund("a3"));
    expect(refused.status).toBe("refused");
    expect(refused.decision?.reasons[0]).toMatchObject({
      code: "fact_changed",
      fact: { name: "shop.status", key: "a3", was: "active", now: "vip", maxAgeMs: 60_000 },
    });
    // Asking again without reading is no thinking: what we looked up is not what the agent knows.
    expect((await client.proposeAction(refund("a3"))).status).toBe("refused");
    expect(shop.writes().filter((one) => (one.body as { account?: string }).account === "a3")).toEqual([]);
    await client.proposeAction({ tool: "shop.get", arguments: { id: "a3" } });
    expect((await client.proposeAction(refund("a3"))).status).toBe("done");
  });

  it("looks up a fact that the agent never read", async () => {
    const { client } = await server.agent("clerk");
    const answer = await client.proposeAction(refund("never-read"));
    expect(answer.status).toBe("done");
    const { action } = await server.admin.explainAction({ id: answer.id });
    expect(action.facts).toMatchObject([{ how: "lookup", source: "shop.get" }]);
  });

  it("does not happen when its fact cannot be read", async () => {
    const { client } = await server.agent("clerk");
    const answering = shop.answer;
    shop.answer = () => ({ status: 500 });
    const answer = await client.proposeAction(refund("unreadable"));
    shop.answer = answering;
    expect(answer.status).toBe("refused");
    expect(answer.decision?.reasons[0]).toMatchObject({ code: "fact_unavailable" });
  });

  it("traces an argument to the read that brought it", async () => {
    const { client } = await server.agent("clerk");
    status["a5"] = "active";
    listAgeMs = 0;
    const read = await client.proposeAction({ tool: "shop.get", arguments: { id: "a5" } });
    const answer = await client.proposeAction({ tool: "shop.note", arguments: { text: "active" } });
    const { action } = await server.admin.explainAction({ id: answer.id });
    expect(action.lineage).toMatchObject([
      { argument: "$.text", fact: "shop.status", key: "a5", readBy: read.id, match: "exact" },
    ]);
  });
});
