/** The CRM by itself: its list lags, its records do not, and a notice goes out once per key. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { startCrm, type CrmSystem } from "../../examples/company/src/systems/crm.ts";
import { createWorld } from "../../examples/company/src/world.ts";

const TOKEN = "crm-token";
const STAFF = "crm-staff";
const world = createWorld(7);
const someone = world.accounts.find((account) => account.status === "active")?.id ?? "";
let crm: CrmSystem;

beforeEach(async () => {
  crm = await startCrm({ accounts: world.accounts, token: TOKEN, staffToken: STAFF, lagMs: 3_600_000 });
});
afterEach(async () => {
  await crm.close();
});

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(crm.url + path, { headers: { authorization: `Bearer ${TOKEN}`, ...headers } });
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(crm.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

async function listStatus(id: string): Promise<string | undefined> {
  const page = (await (await get("/accounts?limit=200")).json()) as { accounts: { id: string; status: string }[] };
  return page.accounts.find((account) => account.id === id)?.status;
}

it("answers nobody without its token", async () => {
  expect((await fetch(`${crm.url}/accounts`)).status).toBe(401);
  expect((await get("/accounts", { authorization: "Bearer other" })).status).toBe(401);
});

it("lists what was true at the last refresh, while the record is true now", async () => {
  const id = world.accounts.slice(0, 200).find((account) => account.status === "active")?.id ?? "";
  await crm.changeStatus({ accountId: id, status: "disputed", reason: "test" });
  const record = await get(`/accounts/${id}`);
  expect(await record.json()).toMatchObject({ id, status: "disputed", version: 2 });
  expect(record.headers.get("etag")).toBe('"v2"');
  expect(await listStatus(id)).toBe("active");
  const asOf = await crm.refreshReplica();
  expect(await listStatus(id)).toBe("disputed");
  expect(await (await get("/accounts?limit=1")).json()).toMatchObject({ asOf });
});

it("hands out every account once, page by page", async () => {
  const seen: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page = await (await get(`/accounts?status=active&limit=70&cursor=${cursor}`)).json();
    const { accounts, nextCursor } = page as { accounts: { id: string }[]; nextCursor: string | null };
    seen.push(...accounts.map((account) => account.id));
    cursor = nextCursor;
  }
  const expected = world.accounts.filter((account) => account.status === "active").map((account) => account.id);
  expect(seen).toEqual(expected);
});

it("says that a record is unchanged to those who know its version", async () => {
  expect((await get(`/accounts/${someone}`, { "if-none-match": '"v1"' })).status).toBe(304);
  expect((await get("/accounts/acc-none")).status).toBe(404);
  expect((await get("/accounts?status=angry")).status).toBe(400);
});

it("lets only staff change a status", async () => {
  const change = { status: "closed", reason: "test" };
  expect((await post(`/accounts/${someone}/status`, change)).status).toBe(403);
  expect((await post(`/accounts/${someone}/status`, change, { "x-staff-token": STAFF })).status).toBe(200);
  expect((await post(`/accounts/${someone}/status`, { status: "odd" }, { "x-staff-token": STAFF })).status).toBe(400);
});

it("sends a notice once per idempotency key", async () => {
  const path = `/accounts/${someone}/notices`;
  const notice = { subject: "Refund", body: "You get it back." };
  const key = { "idempotency-key": "k1" };
  const first = await post(path, notice, key);
  const again = await post(path, notice, key);
  expect([first.status, again.status]).toEqual([201, 200]);
  expect(await again.json()).toEqual(await first.json());
  expect((await post(path, { ...notice, body: "Other" }, key)).status).toBe(422);
  expect(crm.notices()).toHaveLength(1);
  expect((await post(path, notice)).status).toBe(201);
  expect(crm.notices()).toHaveLength(2);
  expect(await (await get(path)).json()).toEqual({ notices: crm.notices() });
});
