/** The ledger: whatever somebody with all rights in the database changes afterwards is named exactly, by the server and offline. */
import type { LedgerFault } from "@airworthy/contract";
import { verifyOffline } from "@airworthy/server";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { type Desk, eventually, openDesk, refund } from "../support/desk.ts";

type Place = { day: string; chain: string; seq: number };
const tables = ["ledger_entries", "ledger_bodies", "ledger_heads", "ledger_checkpoints"];

let desk: Desk;
/** A "started" entry in the middle of the first chain, and the ends of all three chains in the order they were written. */
let started: Place;
let ends: Place[];

beforeAll(async () => {
  desk = await openDesk();
  const { key } = await desk.server.agent("clerk");
  for (let life = 0; life < 3; life++) {
    const clerk = desk.client(key);
    for (let turn = 0; turn < 3; turn++) await clerk.proposeAction(refund(`l${life}-${turn}`, 1000 + turn));
    await clerk.proposeAction(refund(`l${life}`, 60_000));
    await clerk.proposeAction({ tool: "shop.none", arguments: {} });
    // Closing signs a checkpoint, and the next life opens a chain of its own.
    if (life < 2) await desk.server.restart();
  }
  await eventually(async () => (await desk.server.admin.verifyLedger()).checkpoints >= 3);
  for (const table of tables) await desk.sql(`create table saved_${table} as select * from ${table}`);
  const rows = await desk.sql<Place & { kind: string }>(
    "select day::text, chain, seq, kind from ledger_entries order by at, seq",
  );
  const chains = [...new Set(rows.map(({ chain }) => chain))];
  ends = chains.map((chain) => rows.findLast((row) => row.chain === chain)).filter((row) => row !== undefined);
  const found = rows.find((row) => row.kind === "started" && row.chain === chains[0] && row.seq > 2);
  if (!found || ends.length !== 3) throw new Error("the ledger is not as this test needs it");
  started = found;
});
afterAll(() => desk.close());
afterEach(async () => {
  for (const table of tables) {
    await desk.sql(`delete from ${table}`);
    await desk.sql(`insert into ${table} select * from saved_${table}`);
  }
  if ((await faultsNow()).length > 0) throw new Error("the ledger could not be put back");
});

const at = ({ day, chain, seq }: Place): string => `day = '${day}' and chain = '${chain}' and seq = ${seq}`;
const chainOf = ({ day, chain }: Place): string => `${day}/${chain}`;
async function faultsNow(): Promise<LedgerFault[]> {
  const { ok, faults } = await desk.server.admin.verifyLedger();
  expect(ok).toBe(faults.length === 0);
  return faults;
}
const named = (faults: readonly LedgerFault[]) => faults.map(({ chain, seq, field }) => ({ chain, seq, field }));

describe("one change to an entry is named by chain, number and field", () => {
  const flip = (column: string): string => `set_byte(${column}, 5, get_byte(${column}, 5) # 1)`;
  const changes: readonly (readonly [table: string, field: string, set: string])[] = [
    ["ledger_entries", "kind", "kind = 'finished'"],
    ["ledger_entries", "action", "action = overlay(action placing 'f' from 20 for 1) || '0'"],
    ["ledger_entries", "action", "action = null"],
    ["ledger_entries", "at", "at = at + interval '1 microsecond'"],
    ["ledger_entries", "at", "at = at + interval '1 second'"],
    ["ledger_entries", "agent", "agent = 'clerl'"],
    ["ledger_entries", "tool", "tool = 'shop.refunc'"],
    ["ledger_entries", "entity", "entity = entity || ' '"],
    ["ledger_entries", "status", "status = 'done'"],
    ["ledger_entries", "cited", "cited = '{}'"],
    ["ledger_entries", "cited", "cited = array_append(cited, 'aa')"],
    ["ledger_entries", "body_hash", `body_hash = ${flip("body_hash")}`],
    ["ledger_entries", "prev_hash", `prev_hash = ${flip("prev_hash")}`],
    ["ledger_entries", "hash", `hash = ${flip("hash")}`],
    ["ledger_bodies", "body", "body = replace(body, '1000', '1001')"],
    ["ledger_bodies", "body", "body = body || ' '"],
    ["ledger_bodies", "body", "body = 'null'"],
    ["ledger_bodies", "body", `salt = ${flip("salt")}`],
    ["ledger_bodies", "body", "body = null"],
    ["ledger_bodies", "body", "salt = null"],
  ];
  for (const [table, field, set] of changes) {
    it(`${table}: ${set.slice(0, 60)}`, async () => {
      const rows = await desk.sql(`update ${table} set ${set} where ${at(started)} returning 1`);
      expect(rows).toHaveLength(1);
      const faults = await faultsNow();
      expect(named(faults)).toEqual([{ chain: chainOf(started), seq: started.seq, field }]);
      const offline = await verifyOffline({ dataDir: desk.server.dataDir, databaseUrl: desk.server.databaseUrl });
      expect(offline).toMatchObject({ ok: false, faults });
    });
  }

  it("also in the last entry, which nothing follows, and in the first", async () => {
    const [first] = ends;
    if (!first) throw new Error("no chain");
    for (const seq of [1, first.seq]) {
      for (const column of ["hash", "prev_hash", "body_hash"]) {
        await desk.sql(`update ledger_entries set ${column} = ${flip(column)} where ${at({ ...first, seq })}`);
        expect(named(await faultsNow())).toEqual([{ chain: chainOf(first), seq, field: column }]);
        await desk.sql(`update ledger_entries set ${column} = ${flip(column)} where ${at({ ...first, seq })}`);
      }
    }
  });
});

describe("what is gone is missed", () => {
  it("an entry in the middle", async () => {
    await desk.sql(`delete from ledger_entries where ${at(started)}`);
    expect(named(await faultsNow())).toEqual([{ chain: chainOf(started), seq: started.seq + 1, field: "seq" }]);
  });

  it("an entry moved to another place, and a body", async () => {
    await desk.sql(`update ledger_entries set seq = 5000 where ${at(started)}`);
    expect(named(await faultsNow())).toContainEqual({ chain: chainOf(started), seq: started.seq + 1, field: "seq" });
    await desk.sql("delete from ledger_entries where seq = 5000");
    await desk.sql(`delete from ledger_bodies where ${at({ ...started, seq: started.seq + 1 })}`);
    expect(named(await faultsNow())).toContainEqual({ chain: chainOf(started), seq: started.seq + 1, field: "body" });
  });

  it("the tail of a chain, and the tail with its head moved back", async () => {
    const end = ends[1];
    if (!end) throw new Error("no chain");
    const cut = `day = '${end.day}' and chain = '${end.chain}' and seq > ${end.seq - 2}`;
    await desk.sql(`delete from ledger_entries where ${cut}`);
    await desk.sql(`delete from ledger_bodies where ${cut}`);
    const faults = await faultsNow();
    expect(named(faults)).toContainEqual({ chain: chainOf(end), seq: end.seq, field: "seq" });
    expect(faults.some(({ detail }) => detail.includes(`entries after ${end.seq - 2} are missing`))).toBe(true);
    await desk.sql(
      `update ledger_heads h set seq = e.seq, hash = e.hash, at = e.at from ledger_entries e
       where h.chain = $1 and e.chain = h.chain and e.seq = $2`,
      [end.chain, end.seq - 2],
    );
    // What was signed cannot be taken back without the key.
    const signed = await faultsNow();
    expect(named(signed)).toContainEqual({ chain: chainOf(end), seq: end.seq, field: "hash" });
    expect(signed.some(({ detail }) => detail.includes("the entry is gone (checkpoint"))).toBe(true);
  });

  it("a whole chain with its head, by the checkpoints and by the chain that followed it", async () => {
    const [, middle, last] = ends;
    if (!middle || !last) throw new Error("no chain");
    for (const table of ["ledger_entries", "ledger_bodies", "ledger_heads"]) {
      await desk.sql(`delete from ${table} where chain = $1`, [middle.chain]);
    }
    const faults = named(await faultsNow());
    expect(faults).toContainEqual({ chain: chainOf(middle), seq: middle.seq, field: "hash" });
    expect(faults).toContainEqual({ chain: chainOf(last), seq: 1, field: "predecessor" });
    await desk.sql("delete from ledger_checkpoints");
    expect(named(await faultsNow())).toEqual([{ chain: chainOf(last), seq: 1, field: "predecessor" }]);
  });

  it("a checkpoint in the middle", async () => {
    await desk.sql("delete from ledger_checkpoints where number = 2");
    expect(named(await faultsNow())).toEqual([{ chain: "checkpoint 3", seq: undefined, field: "number" }]);
  });
});

describe("one change to a checkpoint or a head is named", () => {
  const changes: readonly (readonly [set: string, field: string])[] = [
    ["heads = replace(heads, '\"seq\":', '\"seq\": ')", "heads"],
    ["heads = '[null]'", "heads"],
    ["heads = 'nonsense'", "heads"],
    ["note = replace(note, 'checkpoint 2', 'checkpoint 3')", "note"],
    ["note = overlay(note placing 'Q' from length(note) - 20 for 1) || ''", "note"],
    ["at = at - interval '1 millisecond'", "at"],
    ["at = at + interval '1 microsecond'", "at"],
  ];
  for (const [set, field] of changes) {
    it(`${field}: ${set}`, async () => {
      await desk.sql(`update ledger_checkpoints set ${set} where number = 2`);
      expect(named(await faultsNow())).toEqual([{ chain: "checkpoint 2", seq: undefined, field }]);
    });
  }

  it("an unsigned copy of the heads is no way around: heads and entries rewritten together are found", async () => {
    const end = ends[0];
    if (!end) throw new Error("no chain");
    await desk.sql(`update ledger_checkpoints set heads = replace(heads, $1, $2) where number = 1`, [
      end.chain,
      end.chain.replaceAll(/./g, "a"),
    ]);
    expect(named(await faultsNow())).toEqual([{ chain: "checkpoint 1", seq: undefined, field: "heads" }]);
  });

  it("the head's hash, number and time, and a head that is gone", async () => {
    const [end] = ends;
    if (!end) throw new Error("no chain");
    const where = `chain = '${end.chain}'`;
    for (const [set, field, seq] of [
      ["hash = set_byte(hash, 0, get_byte(hash, 0) # 1)", "head.hash", end.seq],
      ["seq = seq - 1", "head.seq", end.seq - 1],
      ["at = at + interval '1 microsecond'", "head.at", end.seq],
    ] as const) {
      await desk.sql(`update ledger_heads set ${set} where ${where}`);
      expect(named(await faultsNow())).toEqual([{ chain: chainOf(end), seq, field }]);
      await desk.sql("delete from ledger_heads");
      await desk.sql("insert into ledger_heads select * from saved_ledger_heads");
    }
    await desk.sql(`delete from ledger_heads where ${where}`);
    expect(named(await faultsNow())).toEqual([{ chain: chainOf(end), seq: end.seq, field: "head" }]);
  });
});

describe("chains", () => {
  it("open by citing the end of the one before, also after a restart", async () => {
    const bodies = await desk.sql<{ chain: string; body: string }>(
      "select chain, body from ledger_bodies where seq = 1",
    );
    const cited = new Map(
      bodies.map(({ chain, body }) => [chain, (JSON.parse(body) as { predecessor: Place | null }).predecessor]),
    );
    expect(cited.get(ends[0]?.chain ?? "")).toBeNull();
    expect(cited.get(ends[1]?.chain ?? "")).toMatchObject({ chain: ends[0]?.chain, seq: ends[0]?.seq });
    expect(cited.get(ends[2]?.chain ?? "")).toMatchObject({ chain: ends[1]?.chain, seq: ends[1]?.seq });
  });
});
