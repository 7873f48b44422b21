/** What became of every action of a recall, with the places where the ledger says so. */
import type { RecallReceipt } from "@airworthy/contract";

import type { RecallClaim } from "../kernel/recall-store.ts";
import type { Database, Queryable } from "./database.ts";
import { itemColumns, type ItemRow, type RecallRow, selectRecalls, toProgress, toRecall } from "./recall-rows.ts";

type Position = NonNullable<RecallReceipt["items"][number]["ledger"]>[number];

/** Undefined while something is not settled. One picture: everything is read at one moment. */
export function accountForRecall(db: Database, { tenant, id }: RecallClaim): Promise<RecallReceipt | undefined> {
  return db.transaction(async (tx) => {
    await tx.query({ text: "set transaction isolation level repeatable read, read only" });
    const [open] = await tx.query<{ n: number }>({
      text: `select count(*)::int as n from recall_items where tenant = $1 and recall = $2
               and state not in ('compensated', 'corrected', 'handled', 'left', 'not_begun')`,
      values: [tenant, id],
    });
    const [row] = await tx.query<RecallRow & { now: Date }>({
      text: `${selectRecalls.replace("select ", "select clock_timestamp() as now, ")} where r.tenant = $1 and r.id = $2`,
      values: [tenant, id],
    });
    if (!row || open?.n !== 0) return undefined;
    return describeReceipt(tx, tenant, row);
  });
}

async function describeReceipt(tx: Queryable, tenant: string, row: RecallRow & { now: Date }): Promise<RecallReceipt> {
  const recall = toRecall(row);
  const items = await tx.query<ItemRow>({
    text: `select ${itemColumns} from recall_items i where i.tenant = $1 and i.recall = $2 order by i.position`,
    values: [tenant, recall.id],
    answerWithinMs: 60_000,
  });
  const positions = await readPositions(
    tx,
    tenant,
    items.flatMap(({ via }) => via ?? []),
  );
  const signed = await tx.query<{ by: string; team: string; at: Date }>({
    text: `select by_name as by, team, at from sign_offs where tenant = $1 and approval = $2 and verdict = 'approve' order by at`,
    values: [tenant, recall.approval],
  });
  const { selector, planDigest, madeBy, startedBy, startedAt, counts, reason } = recall;
  return {
    schema: "airworthy.receipt/1",
    tenant,
    recall: recall.id,
    status: recall.status === "cancelled" ? "cancelled" : "done",
    ...(reason === undefined ? {} : { reason }),
    selector,
    planDigest,
    madeBy,
    startedBy,
    approvedBy: signed.map(({ by, team, at }) => ({ by, team, at: at.toISOString() })),
    startedAt,
    endedAt: row.now.toISOString(),
    counts,
    items: items.map((item) => ({
      ...toProgress(item),
      ...(item.by_name === null ? {} : { by: item.by_name }),
      ...(item.via === null ? {} : { ledger: positions.get(item.via) ?? [] }),
    })),
  };
}

async function readPositions(
  tx: Queryable,
  tenant: string,
  actions: readonly string[],
): Promise<Map<string, Position[]>> {
  const rows = await tx.query<{ action: string; chain: string; seq: number; hash: string; at: Date }>({
    text: `select action, day::text || '/' || chain as chain, seq, encode(hash, 'hex') as hash, at from ledger_entries
           where tenant = $1 and action = any($2) and kind in ('started', 'finished', 'resolved') order by at, chain, seq`,
    values: [tenant, actions],
    answerWithinMs: 60_000,
  });
  const found = new Map<string, Position[]>();
  for (const { action, chain, seq, hash, at } of rows) {
    const list = found.get(action) ?? [];
    list.push({ chain, seq, hash, at: at.toISOString() });
    found.set(action, list);
  }
  return found;
}
