/** Approvals in the store: asked, signed by name, decided once. */
import {
  type ActionId,
  AirworthyError,
  type Approval,
  type ApprovalId,
  type ApprovalStatus,
  approvalTransitions,
  type SignOff,
} from "@airworthy/contract";

import type { Answer, ApprovalStore } from "../kernel/control-store.ts";
import type { Database, Queryable } from "./database.ts";
import type { LedgerWriter } from "./ledger-writer.ts";

type Row = {
  readonly id: string;
  readonly action: string;
  readonly binding: string;
  readonly status: ApprovalStatus;
  readonly shown: string;
  readonly requested_at: Date;
  readonly expires_at: Date;
  readonly sign_offs: readonly {
    team: string;
    by: string;
    verdict: "approve" | "reject";
    reason: string;
    at: string;
  }[];
};

// Past its time it has expired, whether or not anybody has written that down yet.
const select = `select p.id, p.action, p.binding, p.shown,
  case when p.status in ('pending', 'approved') and p.expires_at < clock_timestamp() then 'expired' else p.status end as status,
   p.requested_at, p.expires_at,
  coalesce((select json_agg(json_build_object('team', s.team, 'by', s.by_name, 'verdict', s.verdict, 'reason', s.reason, 'at', s.at)
                            order by s.at)
            from sign_offs s where s.tenant = p.tenant and s.approval = p.id), '[]') as sign_offs
  from approvals p`;

export function createApprovalStore(db: Database, writer: LedgerWriter): ApprovalStore {
  const one = async (tx: Queryable, text: string, values: readonly unknown[]): Promise<Approval | undefined> => {
    const [row] = await tx.query<Row>({ text: `${select} ${text}`, values });
    return row && toApproval(row);
  };
  return {
    find: (tenant, action) =>
      one(db, "where p.tenant = $1 and p.action = $2 order by p.requested_at desc, p.id desc limit 1", [
        tenant,
        action,
      ]),
    read: (tenant, id) => one(db, "where p.tenant = $1 and p.id = $2", [tenant, id]),
    list: async (tenant, { status, team, limit }) => {
      const rows = await db.query<Row>({
        // Asked of what is shown: one past its time is no longer pending.
        text: `select * from (${select} where p.tenant = $1) a
               where ($2::text is null or a.status = $2)
                 and ($3::text is null or (a.shown::json -> 'approvers')::jsonb ? $3)
               order by a.requested_at limit $4`,
        values: [tenant, status, team, limit],
      });
      return rows.map(toApproval);
    },
    decide: (tenant, answer) => decideApproval(writer, tenant, { answer, one }),
    expire: async (tenant, action) => {
      await writer.append(tenant, async (tx) => {
        const rows = await tx.query<{ id: string }>({
          text: `update approvals set status = 'expired'
                 where tenant = $1 and action = $2 and status in ('pending', 'approved') and expires_at < clock_timestamp()
                 returning id`,
          values: [tenant, action],
        });
        return {
          drafts: rows.map(({ id }) => ({ kind: "approval_expired" as const, action, body: { approval: id } })),
          value: undefined,
        };
      });
    },
  };
}

type One = (tx: Queryable, text: string, values: readonly unknown[]) => Promise<Approval | undefined>;

function decideApproval(
  writer: LedgerWriter,
  tenant: string,
  { answer, one }: { answer: Answer; one: One },
): Promise<Approval> {
  return writer.append(tenant, async (tx) => {
    const where = "where p.tenant = $1 and p.id = $2";
    await tx.query({
      text: "select 1 from approvals where tenant = $1 and id = $2 for update",
      values: [tenant, answer.id],
    });
    const approval = await one(tx, where, [tenant, answer.id]);
    if (!approval) throw new AirworthyError("not_found", `There is no approval ${answer.id}.`);
    const teams = admit(approval, answer);
    await tx.query({
      text: `insert into sign_offs (tenant, approval, team, by_name, verdict, reason) values ($1, $2, $3, $4, $5, $6)`,
      values: [tenant, answer.id, teams, answer.by, answer.verdict, answer.reason],
    });
    const open = approval.approvers.filter((team) => team !== teams && !approval.signOffs.some((s) => s.team === team));
    const status = answer.verdict === "reject" ? "rejected" : open.length === 0 ? "approved" : "pending";
    await tx.query({
      text: "update approvals set status = $3 where tenant = $1 and id = $2",
      values: [tenant, answer.id, status],
    });
    const decided = await one(tx, where, [tenant, answer.id]);
    if (!decided) throw new AirworthyError("internal", "The approval was not written.");
    const { by, verdict, reason } = answer;
    const body = { approval: answer.id, binding: approval.binding, team: teams, by, verdict, reason, now: status };
    const { action } = approval;
    const of = action.startsWith("act_") ? { action: action as ActionId } : {};
    return { drafts: [{ kind: "approval_decided", ...of, body: { ...body, of: action } }], value: decided };
  });
}

/** The team this person signs for, or why they may not. */
function admit(approval: Approval, answer: Answer): string {
  if (approval.status === "expired") {
    throw new AirworthyError("conflict", `Approval ${approval.id} ran out at ${approval.expiresAt}; silence meant no.`);
  }
  if (!approvalTransitions[approval.status].includes("approved")) {
    throw new AirworthyError(
      "conflict",
      `Approval ${approval.id} is ${approval.status}; it can no longer be answered.`,
    );
  }
  if (approval.signOffs.some((signOff) => signOff.by === answer.by)) {
    throw new AirworthyError(
      "conflict",
      `${answer.by} has signed ${approval.id} already; each team needs another person.`,
    );
  }
  if (approval.notBy?.includes(answer.by)) {
    throw new AirworthyError(
      "forbidden",
      `${answer.by} made what ${approval.id} is about, so another person answers.`,
      {
        fix: `Ask another member of ${approval.approvers.join(" or ")}.`,
      },
    );
  }
  const [team] = answer.teamsOf(approval);
  if (team === undefined) {
    throw new AirworthyError("forbidden", `${answer.by} is in none of the teams that must answer.`, {
      fix: `Ask a member of ${approval.approvers.join(" or ")}.`,
    });
  }
  return team;
}

type Shown = Pick<
  Approval,
  | "agent"
  | "tool"
  | "arguments"
  | "amount"
  | "entity"
  | "rationale"
  | "approvers"
  | "notBy"
  | "reasons"
  | "facts"
  | "computed"
  | "data"
  | "provenance"
>;

function toApproval(row: Row): Approval {
  return {
    id: row.id as ApprovalId,
    action: row.action as Approval["action"],
    status: row.status,
    ...(JSON.parse(row.shown) as Shown),
    signOffs: row.sign_offs.map((s): SignOff => ({ ...s, at: new Date(s.at).toISOString() })),
    binding: row.binding,
    requestedAt: row.requested_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  };
}
