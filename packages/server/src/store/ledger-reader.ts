/** The ledger as people read it: proof of one action, past decisions, verification. */
import type { LedgerReader, RecordedDecision } from "../kernel/control-store.ts";
import type { PolicyRequest } from "../kernel/policy/engine.ts";
import type { NoteVerifier } from "../kernel/signed-note.ts";
import type { Database } from "./database.ts";
import { readAccount } from "./ledger-account.ts";
import { verifyLedger } from "./verify-ledger.ts";

export function createLedgerReader(db: Database, verifier: NoteVerifier): LedgerReader {
  return {
    verify: (tenant) => verifyLedger(db, tenant, { verifier }),
    account: (tenant, id) => readAccount(db, tenant, id),
    decisions: (tenant, limit) => readDecisions(db, tenant, limit),
  };
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
