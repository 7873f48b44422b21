/** Four actions whose pages are the golden ones: refused for a stale fact, waiting, done and unknown. */
import { Explanation } from "@airworthy/contract";

/** The moment at which the golden pages are read. */
export const readAt = Date.parse("2026-03-02T09:30:00.000Z");

const hex = (tail: string): string => `0195560000007000800000000000${tail}`;
const act = (tail: string): string => `act_${hex(tail)}`;
const obs = (tail: string): string => `obs_${hex(tail)}`;
const digest = (digit: string): string => digit.repeat(64);

const entry = (seq: number, kind: string, at: string) => ({
  chain: "node-1/2026-03-02/4f1c",
  seq,
  hash: digest(String(seq % 10)),
  previousHash: digest(String((seq - 1) % 10)),
  at,
  kind,
});

const accountStatus = {
  fact: "crm.account.status",
  key: "A-17",
  source: "crm",
  sourceVersion: "v88",
  maxAgeMs: 300_000,
};

const refund = {
  agent: "refund-agent",
  tool: "payments.refund",
  arguments: { invoiceId: "4711", accountId: "A-17", amountMinor: 124_000, currency: "USD" },
  argumentsDigest: digest("a"),
  run: "run-204",
  entity: { type: "invoice", id: "4711" },
  amount: { minor: 124_000, currency: "USD" },
  walks: 1,
  lineage: [],
  facts: [],
};
const snapshot = { version: 12, digest: `sha256:${digest("c")}` };

export const refusedStale = Explanation.parse({
  sentence:
    "Refused because crm.account.status of A-17 has changed since the agent read it: it was “active” and is now “closed”. The agent's read was 11 min 5 s old; at most 5 min are allowed.",
  action: {
    ...refund,
    id: act("0001"),
    status: "refused",
    confidence: 0.74,
    rationale: "The customer is active and the invoice was charged twice.",
    decision: {
      effect: "deny",
      reasons: [
        {
          code: "fact_changed",
          effect: "deny",
          detail: "A fact that the action rests on has another value now than the agent believed.",
          fact: {
            name: "crm.account.status",
            key: "A-17",
            was: "active",
            now: "closed",
            ageMs: 665_000,
            maxAgeMs: 300_000,
          },
        },
      ],
      approvers: [],
      snapshot,
    },
    facts: [
      {
        ...accountStatus,
        value: "closed",
        observation: obs("00a2"),
        asOf: "2026-03-02T09:26:59.000Z",
        fetchedAt: "2026-03-02T09:26:59.500Z",
        ageMs: 1000,
        how: "reread",
        believed: {
          value: "active",
          asOf: "2026-03-02T09:15:55.000Z",
          observation: obs("00a1"),
          source: "crm",
        },
      },
    ],
    lineage: [
      {
        argument: "$.accountId",
        fact: "billing.invoice.account",
        key: "4711",
        observation: obs("00a0"),
        source: "billing",
        asOf: "2026-03-02T09:15:50.000Z",
        readBy: act("00f0"),
        match: "exact",
      },
    ],
    proposedAt: "2026-03-02T09:27:00.000Z",
    updatedAt: "2026-03-02T09:27:00.200Z",
  },
  proof: [entry(41, "finished", "2026-03-02T09:27:00.200Z")],
});

export const waiting = Explanation.parse({
  sentence:
    "Held for a person because the amount 1,240.00 USD is above 500.00 USD, the limit of a junior agent. It needs finance-ops and risk.",
  action: {
    ...refund,
    id: act("0002"),
    status: "waiting",
    approval: `apr_${hex("0002")}`,
    confidence: 0.74,
    decision: {
      effect: "escalate",
      reasons: [
        {
          code: "policy",
          effect: "escalate",
          detail: "Refunds above the junior limit need finance-ops and risk.",
          policy: { id: "refund-limit", title: "Junior refund limit", file: "policies/refunds.cedar", line: 12 },
        },
      ],
      approvers: ["finance-ops", "risk"],
      snapshot,
    },
    facts: [
      {
        ...accountStatus,
        value: "active",
        observation: obs("00b1"),
        asOf: "2026-03-02T09:24:00.000Z",
        fetchedAt: "2026-03-02T09:24:00.500Z",
        ageMs: 180_000,
        how: "agent",
        readBy: act("00f1"),
      },
    ],
    computed: { paidThisMonthMinor: 164_000, categories: ["hardware", "returns"] },
    proposedAt: "2026-03-02T09:27:00.000Z",
    updatedAt: "2026-03-02T09:27:00.200Z",
  },
  approval: {
    id: `apr_${hex("0002")}`,
    action: act("0002"),
    status: "pending",
    agent: refund.agent,
    tool: refund.tool,
    arguments: refund.arguments,
    approvers: ["finance-ops", "risk"],
    signOffs: [
      {
        team: "finance-ops",
        by: "ana",
        verdict: "approve",
        reason: "Charged twice, checked in billing.",
        at: "2026-03-02T09:28:30.000Z",
      },
    ],
    reasons: [],
    facts: [],
    binding: `sha256:${digest("b")}`,
    requestedAt: "2026-03-02T09:27:00.200Z",
    expiresAt: "2026-03-02T13:27:00.200Z",
  },
  proof: [entry(42, "waiting", "2026-03-02T09:27:00.200Z"), entry(43, "approval_decided", "2026-03-02T09:28:30.000Z")],
});

export const done = Explanation.parse({
  sentence: "Allowed and done: one refund of 40.00 USD on invoice 4712.",
  action: {
    ...refund,
    id: act("0003"),
    status: "done",
    arguments: { ...refund.arguments, invoiceId: "4712", amountMinor: 4000 },
    entity: { type: "invoice", id: "4712" },
    amount: { minor: 4000, currency: "USD" },
    walks: 2,
    result: { refundId: "re_99", status: "succeeded" },
    decision: {
      effect: "allow",
      reasons: [
        {
          code: "policy",
          effect: "allow",
          detail: "Refunds up to the junior limit are allowed.",
          policy: { id: "refund-small", file: "policies/refunds.cedar", line: 3 },
        },
      ],
      approvers: [],
      snapshot,
    },
    facts: [
      {
        ...accountStatus,
        value: "active",
        observation: obs("00c1"),
        asOf: "2026-03-02T09:26:58.000Z",
        fetchedAt: "2026-03-02T09:26:58.500Z",
        ageMs: 2000,
        how: "lookup",
      },
    ],
    proposedAt: "2026-03-02T09:27:00.000Z",
    updatedAt: "2026-03-02T09:27:00.431Z",
  },
  effect: {
    connector: "payments",
    state: "done",
    idempotencyKey: act("0003"),
    reversibility: "externally_reversible",
    compensate: "payments.cancel_refund",
    startedAt: "2026-03-02T09:27:00.200Z",
    endedAt: "2026-03-02T09:27:00.431Z",
  },
  proof: [entry(50, "started", "2026-03-02T09:27:00.200Z"), entry(51, "finished", "2026-03-02T09:27:00.431Z")],
});

export const unknown = Explanation.parse({
  sentence: "Allowed and sent, but the connection broke before payments answered: whether it happened is not known.",
  action: {
    ...refund,
    id: act("0004"),
    status: "unknown",
    error: { code: "ambiguous", message: "The connection was closed before the answer.", retryable: false },
    decision: { effect: "allow", reasons: [], approvers: [], snapshot },
    proposedAt: "2026-03-02T09:27:00.000Z",
    updatedAt: "2026-03-02T09:27:30.000Z",
  },
  effect: {
    connector: "payments",
    state: "unknown",
    idempotencyKey: act("0004"),
    reversibility: "irreversible",
    startedAt: "2026-03-02T09:27:00.200Z",
  },
  proof: [entry(60, "started", "2026-03-02T09:27:00.200Z")],
});
