/** The ledger as people read it: proof of one action, past decisions, verification. */
import type { ActionId, Explanation, LedgerKind } from "@airworthy/contract";

import type { LedgerReader, RecordedDecision } from "../kernel/control-store.ts";
import type { PolicyRequest } from "../kernel/policy/engine.ts";
import type { NoteVerifier } from "../kernel/signed-note.ts";
import type { Database } from "./database.ts";
import { verifyLedger } from "./verify-ledger.ts";

export function createLedgerReader(db: Database, verifier: NoteVerifier): LedgerReader {
  return {
    verify: (tenant) => verifyLedger(db, tenant, { verifier }),
    effectAndProof: async (tenant, id) => {
      const effect = await readEffect(db, tenant, id);
      return { ...(effect ? { effect } : {}), proof: await readProof(db, tenant, id) };
    },
    decisions: (tenant, limit) => readDecisions(db, tenant, limit),
  };
}

async function readEffect(db: Database, tenant: string, id: ActionId): Promise<Explanation["effect"]> {
  const [row] = await db.query<{
    tool: string;
    connector: string;
    state: string;
    idempotency_key: string;
    content: string;
    started_at: Date;
    ended_at: Date | null;
  }>({
    text: `select e.tool, e.connector, e.state, e.idempotency_key, s.content, e.started_at, e.ended_at
           from effects e join snapshots s on s.tenant = e.tenant and s.version = e.snapshot_version
           where e.tenant = $1 and e.action = $2`,
    values: [tenant, id],
  });
  if (!row) return undefined;
  const { tools } = JSON.parse(row.content) as {
    tools: Record<string, { reversibility: string; definition: { compensate?: { tool: string } } }>;
  };
  const compensate = tools[row.tool]?.definition.compensate?.tool;
  return {
    connector: row.connector,
    state: row.state,
    idempotencyKey: row.idempotency_key,
    reversibility: tools[row.tool]?.reversibility ?? "irreversible",
    ...(compensate === undefined ? {} : { compensate }),
    startedAt: row.started_at.toISOString(),
    ...(row.ended_at ? { endedAt: row.ended_at.toISOString() } : {}),
  };
}

async function readProof(db: Database, tenant: string, id: ActionId): Promise<Explanation["proof"]> {
  const rows = await db.query<{
    day: string;
    chain: string;
    seq: number;
    kind: LedgerKind;
    at: Date;
    hash: Buffer;
    prev_hash: Buffer;
  }>({
    text: `select day::text, chain, seq, kind, at, hash, prev_hash from ledger_entries
           where tenant = $1 and action = $2 order by at, seq`,
    values: [tenant, id],
  });
  return rows.map((row) => ({
    kind: row.kind,
    chain: `${row.day}/${row.chain}`,
    seq: row.seq,
    at: row.at.toISOString(),
    hash: row.hash.toString("hex"),
    previousHash: row.prev_hash.toString("hex"),
  }));
}

/** An action that waited has an entry for the question and one for the answer; more walks than this are rare. */
const entriesPerDecision = 3;

/** One decision an action: its last one. Bodies without a policy request were refused before any policy was asked. */
async function readDecisions(db: Database, tenant: string, limit: number): Promise<RecordedDecision[]> {
  const rows = await db.query<{ action: string; agent: string; tool: string; request: PolicyRequest | null }>({
    text: `select e.action, e.agent, e.tool, b.body::json -> 'policy' -> 'request' as request
           from ledger_entries e
           join ledger_bodies b on b.tenant = e.tenant and b.day = e.day and b.chain = e.chain and b.seq = e.seq
           where e.tenant = $1 and e.kind in ('started', 'finished', 'waiting') and b.body is not null
             and (b.body::json -> 'policy' -> 'request') is not null
           order by e.at desc, e.seq desc limit $2`,
    values: [tenant, limit * entriesPerDecision],
  });
  const latest = new Map<string, RecordedDecision>();
  for (const { request, ...row } of rows) {
    if (request !== null && !latest.has(row.action)) latest.set(row.action, { ...row, request });
  }
  return [...latest.values()].slice(0, limit);
}
