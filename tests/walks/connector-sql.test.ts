/** The SQL connector against a real PostgreSQL: what is done, what is undone, and what nobody can know. */
import type { JsonObject, SqlTool } from "@airworthy/contract";
import { Client, Pool } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { createSqlConnector } from "../../packages/server/src/dataplane/5-execution/connectors/sql.ts";
import type { SqlConnectorOptions } from "../../packages/server/src/dataplane/5-execution/connectors/sql.ts";
import { testDatabase } from "../support/database.ts";
import { connectTo, deadPort, sqlCallOf, startBreakingPath } from "../support/sql-calls.ts";

let database: Awaited<ReturnType<typeof testDatabase>>;
let admin: Pool;
const cleanups: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  database = await testDatabase();
  admin = new Pool({ ...database.connection, max: 2 });
  admin.on("error", () => undefined);
  await admin.query(`
    create table invoices (id text primary key, amount bigint not null check (amount >= 0), note text, lines jsonb);
    create table refunds (key text primary key, invoice text not null, amount bigint not null);
    create function touch() returns void language sql as $$ insert into invoices values ('a', 1) $$;
    create table pairs (a int unique deferrable initially deferred);
  `);
});
beforeEach(() => admin.query("truncate invoices, refunds, pairs"));
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

type Target = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly name: string;
};

function target(): Target {
  const { host, port, user, password, database: name } = new Client(database.connection);
  return { host, port, user: user ?? "", password: password ?? "", name: name ?? "" };
}

function urlOf(at: Target): string {
  const url = new URL("postgres://localhost");
  url.username = at.user;
  url.password = at.password;
  url.pathname = `/${at.name}`;
  url.searchParams.set("host", at.host);
  url.searchParams.set("port", String(at.port));
  return url.toString();
}

function open(options: Partial<SqlConnectorOptions> = {}) {
  const sql = createSqlConnector({ env: { ERP_URL: urlOf(target()) }, guard: { tries: 1 }, ...options });
  cleanups.push(() => sql.close());
  return sql;
}

async function breakingPath(at: "before" | "after"): Promise<string> {
  const { host, port } = target();
  const path = await startBreakingPath({ at, upstream: () => connectTo(host, port) });
  cleanups.push(() => path.close());
  return urlOf({ ...target(), host: "127.0.0.1", port: path.port });
}

const count = async (table: string): Promise<number> => {
  const { rows } = await admin.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return rows[0]?.n ?? -1;
};

const insertInvoice = "insert into invoices (id, amount) values (:id, :amount) returning id, amount";
const insertRefund = `insert into refunds (key, invoice, amount) values (:refund_key, :invoice, :amount)
  on conflict (key) do update set key = excluded.key returning invoice, amount`;
const refundTool: Partial<SqlTool> = { idempotency: { argument: "refund_key", retention: "24h" } };

describe("a read", () => {
  it("brings values as JSON, losing no digit", async () => {
    const answer = await open().call(
      sqlCallOf(`select 42::int8 as small, 9007199254740993::int8 as large, 12::numeric as whole, 12.50::numeric as cents,
        0.5::float8 as half, 'NaN'::float8 as nan, true as yes, null as nothing, date '2026-03-01' as day,
        timestamptz '2026-03-01 12:00:00.123456+00' at time zone 'UTC' as wall,
        timestamptz '2026-03-01 12:00:00.123456+00' as moment, '{"a":[1]}'::jsonb as json, array[1,2]::int8[] as ids,
        array['a,"b','NULL',null,''] as words, array[[1,2],[3,4]] as grid, '{}'::text[] as empty,
        '\\x00ff'::bytea as bytes, interval '1 day' as span`),
    );
    expect(answer).toMatchObject({ kind: "answered" });
    const result = (answer as unknown as { result: { rows: JsonObject[] } }).result.rows[0] ?? {};
    const { moment, ...others } = result;
    expect(new Date(moment as string).toISOString()).toBe("2026-03-01T12:00:00.123Z");
    expect(moment).toMatch(/^2026-03-01T\d\d:\d\d:00\.123456(Z|[+-]\d\d:\d\d)$/);
    expect(others).toEqual({
      small: 42,
      large: "9007199254740993",
      whole: 12,
      cents: "12.50",
      half: 0.5,
      nan: "NaN",
      yes: true,
      nothing: null,
      day: "2026-03-01",
      wall: "2026-03-01T12:00:00.123456",
      json: { a: [1] },
      ids: [1, 2],
      words: ['a,"b', "NULL", null, ""],
      grid: [
        [1, 2],
        [3, 4],
      ],
      empty: [],
      bytes: "\\x00ff",
      span: "1 day",
    });
  });

  it("takes arguments as values only, lists and objects too", async () => {
    await admin.query("insert into invoices values ('a', 1, 'x'), ('b', 2, 'y'), ('c', 3, 'z')");
    const sql =
      "select id from invoices where id = any(:ids) and note <> :note and (:more::jsonb)->>'k' = 'v' order by id";
    const evil = "x'; drop table invoices; --";
    const args = { ids: ["a", "b", evil], note: evil, more: { k: "v" } };
    expect(await open().call(sqlCallOf(sql, args))).toEqual({
      kind: "answered",
      result: { rows: [{ id: "a" }, { id: "b" }], rowCount: 2 },
    });
    expect(await count("invoices")).toBe(3);
  });

  it("gives null for an argument that is not there, an inherited name too", async () => {
    const answer = await open().call(sqlCallOf("select :missing::text as a, :constructor::text as b"));
    expect(answer).toEqual({ kind: "answered", result: { rows: [{ a: null, b: null }], rowCount: 1 } });
  });

  it("stops at its rows and says so", async () => {
    const sql = "with recursive n(n) as (select 1 union all select n + 1 from n) select n from n";
    const answer = await open().call(sqlCallOf(sql, {}, { tool: { maxRows: 3 } }));
    const rows = [{ n: 1 }, { n: 2 }, { n: 3 }];
    expect(answer).toEqual({ kind: "answered", result: { rows, rowCount: 3, truncated: true } });
  });

  it.each([
    ["with x as (insert into invoices values ('a', 1) returning id) select * from x", "sql_0A000"],
    ["select touch()", "sql_25006"],
    ["select * into copy_of_invoices from invoices", "sql_42601"],
    ["select lo_create(0)", "sql_25006"],
  ])("changes nothing: %s", async (sql, code) => {
    const answer = await open().call(sqlCallOf(sql));
    expect(answer).toMatchObject({
      kind: "rejected",
      code: code,
    });
    expect(await count("invoices")).toBe(0);
  });

  it("is ended when its time is over", async () => {
    const answer = await open().call(sqlCallOf("select pg_sleep(30)", {}, { timeoutMs: 200 }));
    expect(answer).toMatchObject({ kind: "rejected", code: "sql_57014" });
  });

  it("refuses data that two readers would read differently", async () => {
    const answer = await open().call(sqlCallOf(`select '{"__proto__":{"admin":true}}'::json as data`));
    expect(answer).toMatchObject({ kind: "rejected", code: "bad_answer" });
    expect(Object.hasOwn(Object.prototype, "admin")).toBe(false);
  });
});

describe("a write", () => {
  it("commits and brings what it returns", async () => {
    const answer = await open().call(sqlCallOf(insertInvoice, { id: "i1", amount: 500 }));
    expect(answer).toEqual({ kind: "answered", result: { rows: [{ id: "i1", amount: 500 }], rowCount: 1 } });
    expect(await count("invoices")).toBe(1);
  });

  it("is refused with the constraint and without the data", async () => {
    await admin.query("insert into invoices values ('hunter2', 1)");
    const sql = open();
    const twice = await sql.call(sqlCallOf(insertInvoice, { id: "hunter2", amount: 1 }));
    expect(twice).toMatchObject({
      kind: "rejected",
      code: "sql_23505",
      detail: expect.stringContaining("invoices_pkey") as string,
    });
    expect(JSON.stringify(twice)).not.toContain("hunter2");
    expect(await sql.call(sqlCallOf(insertInvoice, { id: "i2", amount: -1 }))).toMatchObject({ code: "sql_23514" });
    // The connection goes on to serve others, outside of the failed transaction.
    expect(await sql.call(sqlCallOf(insertInvoice, { id: "i3", amount: 1 }))).toMatchObject({ kind: "answered" });
  });

  it("is refused when only COMMIT finds the fault", async () => {
    const answer = await open().call(sqlCallOf("insert into pairs values (1), (1)"));
    expect(answer).toMatchObject({ kind: "rejected", code: "sql_23505" });
    expect(await count("pairs")).toBe(0);
  });

  it("does not commit past its moment of dispatch", async () => {
    const past = sqlCallOf(insertInvoice, { id: "i1", amount: 1 }, { dispatchBeforeMonoMs: performance.now() });
    expect(await open().call(past)).toMatchObject({ kind: "unsent" });
    const slow = "with wait as (select pg_sleep(0.3)) insert into invoices select 'i2', 1 from wait";
    const dispatchBeforeMonoMs = performance.now() + 200;
    const late = sqlCallOf(slow, {}, { tool: { effect: "write" }, dispatchBeforeMonoMs });
    expect(["rejected", "unsent"]).toContain((await open().call(late)).kind);
    expect(await count("invoices")).toBe(0);
  });

  it("that waits for a lock is ended in time and leaves nothing", async () => {
    const holder = await admin.connect();
    cleanups.push(() => holder.release(true));
    await holder.query("begin; lock table invoices in exclusive mode");
    const answer = await open().call(sqlCallOf(insertInvoice, { id: "i1", amount: 1 }, { timeoutMs: 300 }));
    expect(answer).toMatchObject({ kind: "rejected", code: "sql_57014" });
    await holder.query("rollback");
    expect(await count("invoices")).toBe(0);
  });
});

describe("a connection that breaks", () => {
  it.each(["before", "after"] as const)("%s COMMIT arrives leaves a write in doubt", async (at) => {
    const sql = open({ env: { ERP_URL: await breakingPath(at) } });
    const answer = await sql.call(sqlCallOf(insertInvoice, { id: "i1", amount: 1 }));
    expect(answer).toMatchObject({ kind: "ambiguous" });
    expect(await count("invoices")).toBe(at === "before" ? 0 : 1);
  });

  it.each(["before", "after"] as const)("%s COMMIT arrives is made good by the same key", async (at) => {
    const sql = open({ env: { ERP_URL: await breakingPath(at) }, guard: {} });
    const args = { invoice: "i1", amount: 7, refund_key: "chosen by the agent" };
    const answer = await sql.call(sqlCallOf(insertRefund, args, { tool: refundTool }));
    expect(answer).toEqual({ kind: "answered", result: { rows: [{ invoice: "i1", amount: 7 }], rowCount: 1 } });
    const { rows } = await admin.query("select key from refunds");
    expect(rows).toEqual([{ key: "act_1" }]);
  });

  it("before COMMIT has changed nothing", async () => {
    const sql = open();
    const running = sql.call(
      sqlCallOf(
        "with w as (select pg_sleep(20)) insert into invoices select 'i1', 1 from w",
        {},
        { tool: { effect: "write" } },
      ),
    );
    const kill = `select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'airworthy' and datname = current_database() and query like '%pg_sleep%'`;
    for (let killed = 0; killed === 0;) killed = (await admin.query(kill)).rowCount ?? 0;
    expect(await running).toMatchObject({ kind: "rejected" });
    expect(await count("invoices")).toBe(0);
  });

  it("while idle is replaced without anybody noticing", async () => {
    const sql = open({ guard: {} });
    expect(await sql.call(sqlCallOf("select 1 as one"))).toMatchObject({ kind: "answered" });
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'airworthy' and datname = current_database()",
    );
    expect(await sql.call(sqlCallOf(insertInvoice, { id: "i1", amount: 1 }))).toMatchObject({ kind: "answered" });
    expect(await count("invoices")).toBe(1);
  });

  it("or never begins means nothing was done, and the URL stays secret", async () => {
    const port = await deadPort();
    const env = { ERP_URL: `postgres://user:hunter2@127.0.0.1:${port}/erp` };
    const answer = await open({ env }).call(sqlCallOf(insertInvoice, { id: "i1", amount: 1 }));
    expect(answer).toMatchObject({ kind: "unsent", detail: expect.stringContaining("ECONNREFUSED") as string });
    expect(JSON.stringify(answer)).not.toContain("hunter2");
  });
});

describe("what no database sees", () => {
  it.each([
    ["two statements", "select 1; drop table invoices", "more than one"],
    ["a COMMIT of its own", "commit", "cannot begin"],
  ])("is %s", async (_, sql, text) => {
    const answer = await open().call(sqlCallOf(sql));
    expect(answer).toMatchObject({ kind: "unsent", detail: expect.stringContaining(text) as string });
  });

  it("is a call without its secret", async () => {
    const answer = await open({ env: {} }).call(sqlCallOf("select 1"));
    expect(answer).toMatchObject({ kind: "unsent", detail: expect.stringContaining("ERP_URL") as string });
  });
});
