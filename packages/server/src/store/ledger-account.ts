/** One action as the ledger tells it, beside its working row: each entry is checked against its own hashes first. */
import type { ActionId, ActionRecord, Explanation, Json, LedgerKind } from "@airworthy/contract";

import type { ActionAccount, ToldRecord } from "../kernel/control-store.ts";
import { describeHandling } from "../kernel/classes/describe-handling.ts";
import { type ActionRow, actionColumns, toStoredAction } from "./action-rows.ts";
import type { Database, Queryable } from "./database.ts";
import { checkEntry, entryColumns, entryTables, type StoredEntry, withWholeMs } from "./verify-entry.ts";

export function readAccount(db: Database, tenant: string, id: ActionId): Promise<ActionAccount | undefined> {
  return db.transaction(async (tx) => {
    // Row and entries are written together, so they must be read together: otherwise a walk that goes on looks like a change.
    await tx.query({ text: "set transaction isolation level repeatable read, read only" });
    const [row] = await tx.query<ActionRow>({
      text: `select ${actionColumns} from actions where tenant = $1 and id = $2`,
      values: [tenant, id],
    });
    if (!row) return undefined;
    const effect = await readEffect(tx, tenant, id);
    const entries = await tx.query<StoredEntry>({
      text: `select ${entryColumns} from ${entryTables} where e.tenant = $1 and e.action = $2 order by e.at, e.chain, e.seq`,
      values: [tenant, id],
    });
    const checked = entries.map((entry) => checkAlone(tenant, withWholeMs(entry)));
    return {
      action: toStoredAction(row).record,
      ...(effect ? { effect } : {}),
      proof: checked.map(({ entry }) => toProof(entry)),
      told: { ...tellEvidence(checked), ...tellOutcome(checked) },
      unsound: checked.flatMap(({ entry: { day, chain, seq }, changed }) =>
        changed === undefined ? [] : [{ chain: `${day}/${chain}`, seq, field: changed }],
      ),
    };
  });
}

async function readEffect(tx: Queryable, tenant: string, id: ActionId): Promise<Explanation["effect"]> {
  const [row] = await tx.query<{
    tool: string;
    connector: string;
    state: string;
    idempotency_key: string;
    content: string;
    started_at: Date;
    ended_at: Date | null;
    compensated_by: ActionId | null;
  }>({
    text: `select e.tool, e.connector, e.state, e.idempotency_key, s.content, e.started_at, e.ended_at, e.compensated_by
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
    ...(row.compensated_by === null ? {} : { compensatedBy: row.compensated_by }),
    startedAt: row.started_at.toISOString(),
    ...(row.ended_at ? { endedAt: row.ended_at.toISOString() } : {}),
  };
}

type Checked = { readonly entry: StoredEntry; readonly changed: string | undefined };

/** The entry by itself; how it follows the one before it is for the verification of the whole ledger. */
function checkAlone(tenant: string, entry: StoredEntry): Checked {
  const { faults } = checkEntry(tenant, entry, { seq: entry.seq - 1, hashes: [entry.prev_hash] });
  return { entry, changed: faults[0]?.field };
}

/** What `evidence.ts` writes into a body, and an outcome of any kind. */
type Body = Pick<
  Partial<ActionRecord>,
  | "decision"
  | "facts"
  | "computed"
  | "lineage"
  | "provenance"
  | "data"
  | "onBehalfOf"
  | "amount"
  | "entity"
  | "touches"
  | "entities"
  | "arguments"
  | "argumentsDigest"
  | "run"
  | "confidence"
  | "rationale"
> & { readonly outcome?: Outcome };
type Outcome = {
  readonly status: string;
  readonly code?: string;
  readonly message?: string;
  readonly retryable?: boolean;
  readonly result?: Json;
  /** In place of a result too large for the ledger. */
  readonly resultBytes?: number;
  readonly data?: ActionRecord["data"];
  readonly leftOut?: number;
};

/** The evidence of what was done is in `started`; of what never started, in the last entry. */
function tellEvidence(checked: readonly Checked[]): ToldRecord {
  const holds = (...kinds: LedgerKind[]): Checked | undefined =>
    checked.findLast(({ entry }) => kinds.some((kind) => kind === entry.kind));
  const holder = holds("started") ?? holds("finished", "waiting");
  if (!holder || holder.changed !== undefined) return {};
  const { agent, tool } = holder.entry;
  const body = bodyOf(holder);
  if (body.decision === undefined) return {};
  return {
    ...(agent === null ? {} : { agent }),
    ...(tool === null ? {} : { tool }),
    // Larger ones stand in the ledger by their digest alone.
    ...(body.arguments === undefined ? {} : { arguments: body.arguments }),
    argumentsDigest: body.argumentsDigest,
    run: body.run,
    confidence: body.confidence,
    rationale: body.rationale,
    decision: body.decision,
    facts: body.facts ?? [],
    computed: body.computed,
    lineage: body.lineage ?? [],
    provenance: body.provenance,
    onBehalfOf: body.onBehalfOf,
    ...tellHandling(body, checked),
    amount: body.amount,
    entity: body.entity,
    touches: body.touches,
    entities: body.entities,
  };
}

/** What was done with the data of the arguments stands with the evidence, and of the answer with the outcome. */
function tellHandling(body: Body, checked: readonly Checked[]): ToldRecord {
  const last = checked.findLast(({ entry }) => moving.includes(entry.kind));
  const { outcome } = last && last.changed === undefined ? bodyOf(last) : body;
  const { data, leftOut } = describeHandling({ data: body.data ?? [] }, outcome ?? {});
  return { data, leftOut };
}

const moving: readonly string[] = ["started", "waiting", "finished", "resolved"] satisfies LedgerKind[];

function tellOutcome(checked: readonly Checked[]): ToldRecord {
  const last = checked.findLast(({ entry }) => moving.includes(entry.kind));
  if (!last || last.changed !== undefined) return {};
  const { outcome } = bodyOf(last);
  const hasResult = outcome?.resultBytes === undefined;
  return {
    status: last.entry.status as ActionRecord["status"],
    error: outcome && describeError(outcome),
    ...(hasResult ? { result: outcome?.result } : {}),
  };
}

function describeError({ status, code = "unknown", message = "", retryable = false }: Outcome): ActionRecord["error"] {
  return status === "failed" || status === "unknown" ? { code, message, retryable } : undefined;
}

/** Its hash fits, so it is one of ours and has our form. */
const bodyOf = ({ entry }: Checked): Body => JSON.parse(entry.body ?? "{}") as Body;

function toProof({ day, chain, seq, kind, at, hash, prev_hash }: StoredEntry): Explanation["proof"][number] {
  return {
    kind: kind as LedgerKind,
    chain: `${day}/${chain}`,
    seq,
    at,
    hash: hash.toString("hex"),
    previousHash: prev_hash.toString("hex"),
  };
}
