/** Mutated requests by the thousand at both doors: never an error of ours, never an effect without its "started" entry. */
import pg from "pg";
import { afterAll, beforeAll, expect, it, vi } from "vitest";

import {
  expectNothingLeaked,
  mcpHeaders,
  mcpMessage,
  post,
  type Seeded,
  seeded,
  type Sent,
} from "../support/hostile.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { shopFiles } from "../support/shop.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

vi.setConfig({ testTimeout: 300_000 });

/** Another seed is another run; the failing one is in the failure's name. */
const seed = Number(process.env["AIRWORTHY_FUZZ_SEED"] ?? 20261121);
const secrets = ["shop-key-of-the-test"];
const atOnce = 8;

let shop: Upstream;
let server: TestServer;
let key: string;

beforeAll(async () => {
  shop = await startUpstream(({ method, path }) => {
    if (method === "POST") return { status: 201, body: { id: `done-${shop.received.length}` } };
    const id = decodeURIComponent(path.split("/")[2] ?? "");
    // A system of record is no friend either: some of what it says cannot be kept.
    return { body: id.length % 7 === 3 ? { id: "x\u0000\ud800", status: "a\u0000" } : { id, status: "active" } };
  });
  server = await startTestServer({
    files: shopFiles,
    env: { SHOP_URL: shop.url, SHOP_KEY: "shop-key-of-the-test" },
    holdMs: 0,
  });
  key = (await server.agent("clerk")).key;
});
afterAll(async () => {
  await server.close();
  await shop.close();
});

const nasty: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  -1,
  0.1,
  1e308,
  Number.MAX_SAFE_INTEGER,
  "",
  " ",
  "\u0000",
  "a\nb",
  "\u001b[2J",
  "\ud800",
  "\ufffe\u202e😀",
  "e\u0301",
  "../../etc/passwd",
  "' or 1=1 --",
  "${SHOP_KEY}",
  "{{7*7}}",
  "$.account",
  "__proto__",
  "x".repeat(3000),
  [],
  [[[[]]]],
  {},
  { __entity: { type: "Airworthy::Agent", id: "clerk" } },
  { $gt: "" },
  Array.from({ length: 300 }, (_, index) => index),
];
const names = [
  "tool",
  "arguments",
  "account",
  "invoice",
  "amountMinor",
  "text",
  "id",
  "run",
  "constructor",
  "a.b",
  "",
  "\u0000",
  "_confidence",
];

/** A valid proposal, distinct by its number. */
function valid(random: Seeded, index: number): Record<string, unknown> {
  const refund = { account: `a${index % 50}`, invoice: `inv-${index % 20}`, amountMinor: random.below(70_000) };
  const proposal = random.pick([
    { tool: "shop.note", arguments: { text: `fuzz ${index}` } },
    { tool: "shop.refund", arguments: refund },
    { tool: "shop.get", arguments: { id: `a${"y".repeat(index % 12)}` } },
    { tool: "shop.probed", arguments: { text: `fuzz ${index}` } },
    { tool: "shop.late", arguments: { account: `a${index % 50}` } },
  ]);
  const more = random.chance(0.3) ? { rationale: "r", confidence: 0.5, run: "run-1" } : {};
  return { ...proposal, ...more };
}

/** Changes a few places of a JSON value: other values, other names, members lost, repeated or moved deeper. */
function mutate(value: unknown, random: Seeded): unknown {
  if (random.chance(0.12)) return random.pick(nasty);
  if (Array.isArray(value))
    return value.flatMap((item) => (random.chance(0.1) ? [item, item] : [mutate(item, random)]));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    if (random.chance(0.06)) return [];
    const named = random.chance(0.06) ? random.pick(names) : name;
    return [[named, mutate(member, random)]];
  });
  if (random.chance(0.1)) members.push([random.pick(names), random.pick(nasty)]);
  return Object.fromEntries(members);
}

/** Damages the text itself: bytes flipped, cut, doubled. */
function damage(text: string, random: Seeded): Uint8Array {
  const bytes = Buffer.from(text);
  const at = random.below(Math.max(1, bytes.length));
  const change = random.below(4);
  if (change === 0) bytes[at] = random.below(256);
  if (change === 1) return bytes.subarray(0, at);
  if (change === 2) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at >> 1)]);
  if (change === 3) return Buffer.concat([bytes.subarray(0, at), Buffer.from([random.below(256)]), bytes.subarray(at)]);
  return bytes;
}

/** Sends so many, a few at once, and hands each answer to a check that knows what was sent. */
async function storm(
  many: number,
  send: (index: number, random: Seeded) => Promise<Sent>,
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < many; index = next++) {
      // Each request has randomness of its own, so that its mutation does not depend on who was quicker.
      // oxlint-disable-next-line no-await-in-loop -- a few at once, by workers
      const sent = await send(index, seeded(seed + index));
      statuses.set(sent.status, (statuses.get(sent.status) ?? 0) + 1);
      expect(sent.status, `seed ${seed}, request ${index}: ${sent.text}`).toBeLessThan(500);
      expectNothingLeaked(sent.text, [...secrets, key]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return statuses;
}

it("2,000 over HTTP get an answer of the contract each", async () => {
  const statuses = await storm(2000, (index, random) => {
    const proposal = valid(random, index);
    const text = JSON.stringify(random.chance(0.75) ? mutate(proposal, random) : proposal) ?? "null";
    const body = random.chance(0.2) ? damage(text, random) : text;
    return post(`${server.url}/v1/actions`, body, { authorization: `Bearer ${key}` });
  });
  // Both kinds, or the mutations have become too tame or too wild to tell anything.
  expect(statuses.get(200)).toBeGreaterThan(400);
  expect(statuses.get(400)).toBeGreaterThan(400);
});

it("1,000 over MCP get an answer of the protocol each", async () => {
  const statuses = await storm(1000, (index, random) => {
    const { tool, arguments: args } = valid(random, index + 10_000);
    const message = mcpMessage(tool, args, { "airworthy/rationale": "r", "airworthy/run": "run-1" });
    const text = JSON.stringify(random.chance(0.75) ? mutate(message, random) : message) ?? "null";
    const body = random.chance(0.2) ? damage(text, random) : text;
    return post(`${server.url}/mcp`, body, mcpHeaders(key, String(tool)));
  });
  expect(statuses.get(200)).toBeGreaterThan(200);
  expect(statuses.get(400)).toBeGreaterThan(200);
});

it("and when it is over, every effect has its entry, the ledger holds, and the past can be replayed", async () => {
  const database = new pg.Client(server.connection);
  await database.connect();
  const { rows } = await database.query<{ action: string; tool: string }>(
    "select action, tool from ledger_entries where kind = 'started'",
  );
  const { rows: left } = await database.query("select id, status from actions where status = 'running'");
  await database.end();
  const started = new Set(rows.map(({ action }) => action));
  const keyed = shop.writes().flatMap(({ headers }) => headers["idempotency-key"] ?? []);
  expect(keyed.length).toBeGreaterThan(100);
  expect(keyed.filter((action) => !started.has(action))).toEqual([]);
  expect(new Set(keyed).size).toBe(keyed.length);
  const probed = shop.writes().filter(({ path }) => path === "/probed");
  expect(probed.length).toBeLessThanOrEqual(rows.filter(({ tool }) => tool === "shop.probed").length);
  expect(left).toEqual([]);
  expect(await server.admin.verifyLedger()).toMatchObject({ ok: true, faults: [] });
  expect((await server.admin.listApprovals({ team: "finance", limit: 500 })).approvals.length).toBeGreaterThan(0);
  const files = Object.entries(shopFiles).map(([path, text]) => ({ path, text }));
  const { preview } = await server.admin.planConfig({ files, replay: 5000 });
  expect(preview.replayed).toBeGreaterThan(100);
  expect(await server.admin.readHealth()).toMatchObject({ ok: true });
});
