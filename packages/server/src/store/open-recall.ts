/** Writes down a recall that was asked for: its plan, its actions in order, and the approval that it waits for. */
import { AirworthyError, type RecallPlan } from "@airworthy/contract";

import type { OpeningItem, RecallOpening } from "../kernel/recall-store.ts";
import type { Queryable } from "./database.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import type { RecallHead } from "./recall-rows.ts";

/** One transaction. Rejects as `conflict` when this plan was started before. */
export function openRecall(writer: LedgerWriter, tenant: string, opening: RecallOpening): Promise<void> {
  const { plan, startedBy, perSecond, approval } = opening;
  return writer.append(tenant, async (tx) => {
    const head: RecallHead = { selector: plan.selector, groups: plan.groups, digest: plan.digest };
    const made = await tx.query({
      text: `insert into recalls (tenant, id, status, plan, head, made_by, started_by, approval, per_second)
             values ($1, $2, 'waiting', $3, $4, $5, $6, $7, $8) on conflict do nothing returning id`,
      values: [
        tenant,
        plan.id,
        JSON.stringify(plan),
        JSON.stringify(head),
        plan.madeBy,
        startedBy,
        approval.id,
        perSecond,
      ],
    });
    if (made.length === 0) throw startedBefore(plan);
    await insertItems(tx, tenant, opening);
    await askApproval(tx, tenant, opening);
    const { id: recall, digest, picture, selector, groups, madeBy } = plan;
    const body = { recall, digest, picture, selector, groups, madeBy, startedBy, approval: approval.id };
    return { drafts: [{ kind: "recall_opened", body: { ...body, items: plan.items.length } }], value: undefined };
  });
}

async function insertItems(tx: Queryable, tenant: string, { plan, items }: RecallOpening): Promise<void> {
  const openings = new Map(items.map((item) => [item.action, item]));
  const rows = plan.items.map((item) => ({ item, as: openings.get(item.action) }));
  const column = <T>(pick: (row: (typeof rows)[number]) => T): T[] => rows.map(pick);
  await tx.query({
    text: `insert into recall_items (tenant, recall, action, position, agent, tool, entity, amount, grp, choice, state, needs,
                                     call_tool, call_digest, call_args, call_missing,
                                     restores)
           select $1, $2, action, position, agent, tool, entity, amount, grp, choice, 'pending',
                  array(select jsonb_array_elements_text(needs::jsonb)), call_tool, call_digest, call_args, call_missing, restores
           from unnest($3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
                       $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::boolean[])
             as r(action, position, agent, tool, entity, amount, grp, choice, needs, call_tool, call_digest, call_args,
                  call_missing, restores)`,
    values: [
      tenant,
      plan.id,
      column(({ item }) => item.action),
      column(({ item }) => item.reverseOrder),
      column(({ item }) => item.agent),
      column(({ item }) => item.tool),
      column(({ item }) => (item.entity ? JSON.stringify(item.entity) : null)),
      column(({ item }) => (item.amount ? JSON.stringify(item.amount) : null)),
      column(({ item }) => item.group),
      column(({ item }) => item.choice),
      column(({ as }) => JSON.stringify(as?.needs ?? [])),
      column(({ item }) => item.compensation?.tool ?? null),
      column(({ as }) => as?.callDigest ?? null),
      column(({ item }) => (item.compensation?.arguments ? JSON.stringify(item.compensation.arguments) : null)),
      column(({ item, as }) => missingOf(item, as)),
      column(({ as }) => as?.restoresBudget ?? false),
    ],
    answerWithinMs: 60_000,
  });
}

function missingOf({ compensation }: RecallPlan["items"][number], as: OpeningItem | undefined): string | null {
  if (!compensation) return null;
  const gone = as?.callDigest === undefined ? `${compensation.tool} is not in the live configuration.` : null;
  return compensation.missing ?? gone;
}

/** In the table of all approvals, so that people find it where they look for what waits for them. */
async function askApproval(tx: Queryable, tenant: string, { plan, approval }: RecallOpening): Promise<void> {
  const { id, ...rest } = approval;
  const shown = { agent: "recall", tool: "recall", facts: [], ...rest };
  await tx.query({
    text: `insert into approvals (tenant, id, action, binding, status, shown, expires_at)
           values ($1, $2, $3, $4, 'pending', $5, $6)`,
    values: [tenant, id, plan.id, plan.digest, JSON.stringify(shown), plan.expiresAt],
  });
}

function startedBefore({ id }: RecallPlan): AirworthyError {
  return new AirworthyError("conflict", `${id} was started before.`, {
    place: "$.plan.id",
    fix: `See where it stands with GET /v1/recalls/${id}, or make another plan.`,
  });
}
