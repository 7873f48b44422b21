/** The SQL connector against a real MariaDB: what is done, what is undone, and what nobody can know. */
import { connect } from "node:net";

import type { JsonObject, SqlTool } from "@airworthy/contract";
import type { RowDataPacket } from "mysql2";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { createSqlConnector } from "../../packages/server/src/dataplane/5-execution/connectors/sql.ts";
import type { SqlConnectorOptions } from "../../packages/server/src/dataplane/5-execution/connectors/sql.ts";
import { installed } from "../support/installed.ts";
import { startMariadb } from "../support/mariadb.ts";
import type { TestMariadb } from "../support/mariadb.ts";
import { deadPort, sqlCallOf, startBreakingPath } from "../support/sql-calls.ts";

const program = installed("mariadbd", "mariadb-server");
let server: TestMariadb;
const cleanups: (() => Promise<unknown> | void)[] = [];

const dialect = { connector: { dialect: "mysql" } } as const;
const callOf = (sql: string, args: JsonObject = {}, more: Parameters<typeof sqlCallOf>[2] = {}) =>
  sqlCallOf(sql, args, { ...dialect, ...more });

function open(options: Partial<SqlConnectorOptions> = {}) {
  const env = { ERP_URL: server.urlAt(server.port) };
  const sql = createSqlConnector({ env, guard: { tries: 1 }, ...options });
  cleanups.push(() => sql.close());
  return sql;
}

async function breakingPath(at: "before" | "after"): Promise<{ ERP_URL: string }> {
  const path = await startBreakingPath({ at, upstream: () => connect(server.port, "127.0.0.1") });
  cleanups.push(() => path.close());
  return { ERP_URL: server.urlAt(path.port) };
}

async function count(table: string): Promise<number> {
  const [rows] = await server.admin.query<RowDataPacket[]>(`select count(*) as n from erp.${table}`);
  return (rows[0]?.["n"] as number | undefined) ?? -1;
}

const insertInvoice = "insert into invoices (id, amount) values (:id, :amount)";
const insertRefund = `insert into refunds (refund_key, invoice, amount) values (:refund_key, :invoice, :amount)
  on duplicate key update refund_key = refund_key`;
const refundTool: Partial<SqlTool> = { idempotency: { argument: "refund_key", retention: "24h" } };
const slowInsert = "insert into invoices (id, amount) select 'i2', sleep(0.4)";

describe.skipIf(program === undefined)("MariaDB", () => {
  beforeAll(async () => {
    server = await startMariadb(program ?? "");
    await server.admin.query(`
      create table invoices (id varchar(40) primary key, amount bigint not null, note text, parts json,
        constraint amount_is_positive check (amount >= 0));
      create table refunds (refund_key varchar(60) primary key, invoice varchar(40) not null, amount bigint not null);
      create table counters (id int auto_increment primary key, label varchar(10));
      create table notes (id int primary key) engine = MyISAM;
      create function touch() returns int begin insert into invoices (id, amount) values ('a', 1); return 1; end;
    `);
  });
  beforeEach(() => server.admin.query("truncate invoices; truncate refunds; truncate notes"));
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });
  afterAll(() => server?.stop());

  describe("a read", () => {
    it("brings values as JSON, losing no digit", async () => {
      await server.admin.query(`create or replace table kinds (small bigint, large bigint, huge bigint unsigned,
        whole decimal(12), cents decimal(12,2), half double, tenth float, yes boolean, many tinyint, nothing text,
        day date, wall datetime(6), moment timestamp(6) null, doc json, bytes varbinary(8), bits bit(4), clock time,
        word varchar(20), sort enum('x','y'), year_of year)`);
      await server.admin.query(`set time_zone = '+02:00'; insert into kinds values (42, 9007199254740993,
        18446744073709551615, 12, 12.50, 0.5, 0.1, true, 7, null, '2026-03-01', '2026-03-01 12:00:00.123456',
        '2026-03-01 14:00:00.123456', '{"a":[1]}', x'00ff', b'101', '12:30:00', 'ünïcødé 😀', 'y', 2026)`);
      const answer = await open().call(callOf("select * from kinds"));
      expect(answer).toEqual({
        kind: "answered",
        result: {
          rowCount: 1,
          rows: [
            {
              small: 42,
              large: "9007199254740993",
              huge: "18446744073709551615",
              whole: 12,
              cents: "12.50",
              half: 0.5,
              tenth: 0.1,
              yes: true,
              many: 7,
              nothing: null,
              day: "2026-03-01",
              wall: "2026-03-01T12:00:00.123456",
              moment: "2026-03-01T12:00:00.123456Z",
              doc: { a: [1] },
              bytes: "\\x00ff",
              bits: "\\x05",
              clock: "12:30:00",
              word: "ünïcødé 😀",
              sort: "y",
              year_of: 2026,
            },
          ],
        },
      });
    });

    it("takes arguments as values only, lists and objects too", async () => {
      await server.admin.query(
        "insert into invoices (id, amount, note) values ('a', 1, 'x'), ('b', 2, 'y'), ('c', 3, 'z')",
      );
      const sql = `select id from invoices where note <> :note and :more ->> '$.k' = 'v'
        and id in (select one from json_table(:ids, '$[*]' columns (one varchar(80) path '$')) as given) order by id`;
      const evil = "x'; drop table invoices; -- \\";
      const args = { ids: ["a", "b", evil], note: evil, more: { k: "v" } };
      const mariadb = sql.replace(":more ->> '$.k'", "json_value(:more, '$.k')");
      expect(await open().call(callOf(mariadb, args))).toEqual({
        kind: "answered",
        result: { rows: [{ id: "a" }, { id: "b" }], rowCount: 2 },
      });
      expect(await count("invoices")).toBe(3);
    });

    it("keeps numbers what they are, in a LIMIT too", async () => {
      await server.admin.query("insert into invoices (id, amount) values ('a', 9007199254740991), ('b', 2)");
      const sql = "select id, :half as half, :yes as yes from invoices where amount = :large limit :most";
      const answer = await open().call(callOf(sql, { large: 9007199254740991, most: 5, half: 0.5, yes: true }));
      expect(answer).toMatchObject({ kind: "answered", result: { rows: [{ id: "a", half: 0.5, yes: 1 }] } });
    });

    it("gives null for an argument that is not there, an inherited name too", async () => {
      const answer = await open().call(callOf("select :missing as a, :constructor as b, :missing as c"));
      expect(answer).toEqual({ kind: "answered", result: { rows: [{ a: null, b: null, c: null }], rowCount: 1 } });
    });

    it.each([
      ["without a limit of its own", ""],
      ["with one", "limit 500000"],
    ])("stops at its rows and says so, %s", async (_, limit) => {
      const sql = `with recursive n as (select 1 as n union all select n + 1 from n where n < 500000) select n from n ${limit}`;
      const erp = open();
      const answer = await erp.call(callOf(sql, {}, { tool: { maxRows: 3 } }));
      const rows = [{ n: 1 }, { n: 2 }, { n: 3 }];
      expect(answer).toEqual({ kind: "answered", result: { rows, rowCount: 3, truncated: true } });
      expect(await erp.call(callOf("select 1 as one"))).toMatchObject({ kind: "answered" });
    });

    it.each([
      ["select touch()", "sql_1792"],
      ["select 1 from invoices_of_nobody", "sql_1146"],
    ])("changes nothing: %s", async (sql, code) => {
      expect(await open().call(callOf(sql))).toMatchObject({ kind: "rejected", code });
      expect(await count("invoices")).toBe(0);
    });

    it("is ended when its time is over", async () => {
      const answer = await open().call(callOf("select sleep(30)", {}, { timeoutMs: 300 }));
      expect(answer).toMatchObject({ kind: "rejected", code: "sql_1969" });
    });

    it("refuses data that two readers would read differently", async () => {
      await server.admin.query(`insert into invoices values ('a', 1, '', '{"__proto__":{"admin":true}}')`);
      const answer = await open().call(callOf("select parts from invoices"));
      expect(answer).toMatchObject({ kind: "rejected", code: "bad_answer" });
      expect(Object.hasOwn(Object.prototype, "admin")).toBe(false);
    });
  });

  describe("a write", () => {
    it("commits and brings what it returns", async () => {
      const returning = `${insertInvoice} returning id, amount`;
      const answer = await open().call(callOf(returning, { id: "i1", amount: 500 }));
      expect(answer).toEqual({ kind: "answered", result: { rows: [{ id: "i1", amount: 500 }], rowCount: 1 } });
      expect(await count("invoices")).toBe(1);
    });

    it("tells the number that the database chose", async () => {
      const answer = await open().call(callOf("insert into counters (label) values (:label)", { label: "x" }));
      expect(answer).toEqual({ kind: "answered", result: { rows: [], rowCount: 1, insertId: 1 } });
    });

    it("is refused with the constraint and without the data", async () => {
      await server.admin.query("insert into invoices (id, amount) values ('hunter2', 1)");
      const erp = open();
      const twice = await erp.call(callOf(insertInvoice, { id: "hunter2", amount: 1 }));
      expect(twice).toMatchObject({
        kind: "rejected",
        code: "sql_1062",
        detail: expect.stringContaining("PRIMARY") as string,
      });
      expect(JSON.stringify(twice)).not.toContain("hunter2");
      expect(await erp.call(callOf(insertInvoice, { id: "i2", amount: -1 }))).toMatchObject({
        code: "sql_4025",
        detail: expect.stringContaining("amount_is_positive") as string,
      });
      // The connection goes on to serve others, outside of the failed transaction.
      expect(await erp.call(callOf(insertInvoice, { id: "i3", amount: 1 }))).toMatchObject({ kind: "answered" });
    });

    it("is refused where its value does not fit, instead of being cut to size", async () => {
      await server.admin.query("set global sql_mode = ''");
      cleanups.push(() => server.admin.query("set global sql_mode = default"));
      const answer = await open().call(callOf(insertInvoice, { id: "x".repeat(41), amount: 1 }));
      expect(answer).toMatchObject({ kind: "rejected", code: "sql_1406" });
      expect(await count("invoices")).toBe(0);
    });

    it("that changed a table without transactions before it failed is in doubt", async () => {
      const answer = await open().call(callOf("insert into notes values (1), (2), (1)"));
      expect(answer).toMatchObject({ kind: "ambiguous" });
      expect(await count("notes")).toBe(2);
    });

    it("does not commit past its moment of dispatch", async () => {
      const past = callOf(insertInvoice, { id: "i1", amount: 1 }, { dispatchBeforeMonoMs: performance.now() });
      expect(await open().call(past)).toMatchObject({ kind: "unsent" });
      const dispatchBeforeMonoMs = performance.now() + 300;
      const late = callOf(slowInsert, {}, { dispatchBeforeMonoMs });
      expect(["rejected", "unsent"]).toContain((await open().call(late)).kind);
      expect(await count("invoices")).toBe(0);
    });

    it("that waits for a lock is ended in time and leaves nothing", async () => {
      await server.admin.query("lock tables erp.invoices write");
      cleanups.push(() => server.admin.query("unlock tables"));
      const answer = await open().call(callOf(insertInvoice, { id: "i1", amount: 1 }, { timeoutMs: 400 }));
      expect(answer).toMatchObject({ kind: "rejected", code: "sql_1969" });
      await server.admin.query("unlock tables");
      expect(await count("invoices")).toBe(0);
    });
  });

  describe("a connection that breaks", () => {
    it.each(["before", "after"] as const)("%s COMMIT arrives leaves a write in doubt", async (at) => {
      const erp = open({ env: await breakingPath(at) });
      expect(await erp.call(callOf(insertInvoice, { id: "i1", amount: 1 }))).toMatchObject({ kind: "ambiguous" });
      expect(await count("invoices")).toBe(at === "before" ? 0 : 1);
    });

    it.each(["before", "after"] as const)("%s COMMIT arrives is made good by the same key", async (at) => {
      const erp = open({ env: await breakingPath(at), guard: {} });
      const args = { invoice: "i1", amount: 7, refund_key: "chosen by the agent" };
      expect(await erp.call(callOf(insertRefund, args, { tool: refundTool }))).toMatchObject({ kind: "answered" });
      const [rows] = await server.admin.query("select refund_key from refunds");
      expect(rows).toEqual([{ refund_key: "act_1" }]);
    });

    it("before COMMIT has changed nothing", async () => {
      const running = open().call(callOf("insert into invoices (id, amount) select 'i1', sleep(20)"));
      const find = "select id from information_schema.processlist where info like '%sleep(20)%' and user = 'agent'";
      let [rows]: [RowDataPacket[], unknown] = [[], undefined];
      while (rows.length === 0) [rows] = await server.admin.query<RowDataPacket[]>(find);
      await server.admin.query(`kill ${String(rows[0]?.["id"])}`);
      expect(await running).toMatchObject({ kind: "rejected" });
      expect(await count("invoices")).toBe(0);
    });

    it("while idle is replaced without anybody noticing", async () => {
      const erp = open({ guard: {} });
      expect(await erp.call(callOf("select connection_id() as id"))).toMatchObject({ kind: "answered" });
      await server.admin.query("kill user agent@'127.0.0.1'");
      expect(await erp.call(callOf(insertInvoice, { id: "i1", amount: 1 }))).toMatchObject({ kind: "answered" });
      expect(await count("invoices")).toBe(1);
    });

    it("or never begins means nothing was done, and the URL stays secret", async () => {
      const env = { ERP_URL: server.urlAt(await deadPort()) };
      const answer = await open({ env }).call(callOf(insertInvoice, { id: "i1", amount: 1 }));
      expect(answer).toMatchObject({ kind: "unsent", detail: expect.stringContaining("ECONNREFUSED") as string });
      const wrong = { ERP_URL: server.urlAt(server.port).replace("hunter2-", "hunter3-") };
      const refused = await open({ env: wrong }).call(callOf("select 1"));
      expect(refused).toMatchObject({ kind: "unsent", detail: expect.stringContaining("1045") as string });
      expect(JSON.stringify([answer, refused])).not.toContain("hunter");
    });
  });

  describe("what no database sees", () => {
    it.each([
      ["two statements", "select 1; drop table invoices", "more than one"],
      ["a COMMIT of its own", "commit", "cannot begin"],
      ["a file at the server", "select 1 into outfile '/tmp/x'", "INTO"],
      ["a procedure, which may commit", "call tidy()", "cannot begin"],
      ["a comment that is executed", "select 1 /*! + 1 */", "executes"],
    ])("is %s", async (_, sql, text) => {
      const answer = await open().call(callOf(sql));
      expect(answer).toMatchObject({ kind: "unsent", detail: expect.stringContaining(text) as string });
    });

    it("is a connection of another dialect", async () => {
      const asPostgres = await open().call(sqlCallOf("select 1"));
      const asMysql = await open({ env: { ERP_URL: "postgres://u:hunter2@h/d" } }).call(callOf("select 1"));
      expect([asPostgres.kind, asMysql.kind]).toEqual(["unsent", "unsent"]);
      expect(JSON.stringify([asPostgres, asMysql])).not.toContain("hunter2");
    });
  });

  it("answers 10,000 reads and counts 10,000 writes", async () => {
    const erp = open({ guard: {} });
    const ids = Array.from({ length: 10_000 }, (_, index) => `i${index}`);
    const run = async (lane: number): Promise<void> => {
      for (let at = lane; at < ids.length; at += 8) {
        const id = ids[at] ?? "";
        const done = await erp.call(callOf(insertInvoice, { id, amount: at }));
        if (done.kind !== "answered") throw new Error(JSON.stringify(done));
        const read = await erp.call(callOf("select amount from invoices where id = :id", { id }));
        if (read.kind !== "answered") throw new Error(JSON.stringify(read));
        expect(read.result).toEqual({ rows: [{ amount: at }], rowCount: 1 });
      }
    };
    await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(run));
    expect(await count("invoices")).toBe(10_000);
  });
});
