/** The ledger as people read it: proof of one action, past decisions, verification. */
import type { LedgerVerification } from "@airworthy/contract";

import type { LedgerReader, RecordedDecision } from "../kernel/control-store.ts";
import type { RecordedRequest } from "../kernel/policy/fill-request.ts";
import type { NoteVerifier } from "../kernel/signed-note.ts";
import type { Database } from "./database.ts";
import { readAccount } from "./ledger-account.ts";
import { verifyLedger } from "./verify-ledger.ts";

export function createLedgerReader(db: Database, verifier: NoteVerifier): LedgerReader {
  // It reads the whole ledger, and two at once would find the same.
  const running = new Map<string, Promise<LedgerVerification>>();
  const verify = (tenant: string): Promise<LedgerVerification> => {
    const begun = running.get(tenant) ?? verifyLedger(db, tenant, { verifier }).finally(() => running.delete(tenant));
    running.set(tenant, begun);
    return begun;
  };
  return {
    verify,
    account: (tenant, id) => readAccount(db, tenant, id),
    decisions: (tenant, limit) => readDecisions(db, tenant, limit),
  };
}

/** So many entries are looked at in one go. */
const pageSize = 1000;
/** An action that waited has an entry for the question and one for the answer; more walks than this are rare. */
const entriesPerDecision = 3;
/** What the requests may hold in all, as text; the newest come first. */
const heldMax = 64 * 1024 * 1024;

type DecisionRow = Place & {
  readonly action: string;
  readonly agent: string;
  readonly tool: string;
  readonly request: string | null;
};
type Place = { readonly at: string; readonly day: string; readonly chain: string; readonly seq: number };
/** Not left out, so that the index bounds every page alike. */
const afterAll: Place = { at: "infinity", day: "infinity", chain: "", seq: 0 };

/** One decision an action: its last one. Bodies without a policy request were refused before any policy was asked. */
async function readDecisions(db: Database, tenant: string, limit: number): Promise<RecordedDecision[]> {
  const latest = new Map<string, RecordedDecision>();
  let held = 0;
  let before = afterAll;
  for (let looked = 0; looked < limit * entriesPerDecision + pageSize; looked += pageSize) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before it ended
    const rows = await readPage(db, tenant, before);
    for (const { action, agent, tool, request } of rows) {
      if (request === null || latest.has(action)) continue;
      held += request.length;
      if (latest.size >= limit || held > heldMax) return [...latest.values()];
      latest.set(action, { action, agent, tool, request: JSON.parse(request) as RecordedRequest });
    }
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) break;
    before = last;
  }
  return [...latest.values()];
}

/** The entries of decisions before a place, the newest first; the index on time gives them in this order. */
function readPage(db: Database, tenant: string, before: Place): Promise<DecisionRow[]> {
  return db.query<DecisionRow>({
    name: "decisions-page",
    text: `select e.at::text, e.day::text, e.chain, e.seq, e.action, e.agent, e.tool,
                  b.body::json -> 'policy' ->> 'request' as request
           from (select tenant, day, chain, seq, at, action, agent, tool from ledger_entries
                 where tenant = $1 and kind in ('started', 'finished', 'waiting')
                   and at <= $2::timestamptz and (at, day, chain, seq) < ($2::timestamptz, $3::date, $4, $5)
                 order by at desc, day desc, chain desc, seq desc limit ${pageSize}) e
           left join ledger_bodies b on b.tenant = e.tenant and b.day = e.day and b.chain = e.chain and b.seq = e.seq
           order by e.at desc, e.day desc, e.chain desc, e.seq desc`,
    values: [tenant, before.at, before.day, before.chain, before.seq],
  });
}
