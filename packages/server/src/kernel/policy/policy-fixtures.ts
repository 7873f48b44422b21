/** What the tests of the policy engine share: two tools, a request that is allowed, and policies from text. */
import { summariseClasses, summarisePerson } from "../classes/summarise-classes.ts";
import { untouched } from "../entities/summarise.ts";
import { untraced } from "../provenance/summarise.ts";
import { parsePolicies } from "./policy-source.ts";
import type { PolicySource } from "./policy-source.ts";
import type { PolicyEnv, PolicyRequest } from "./request-context.ts";
import type { PolicyTool } from "./tool-schema.ts";

export const refundTool: PolicyTool = {
  name: "payments.refund",
  system: "payments",
  effect: "write",
  money: true,
  reversibility: "reversible",
  facets: { accountId: "string", amount: "integer", urgent: "boolean", labels: "string[]" },
  computed: {},
  facts: { "crm.account.status": "string" },
};
const lookupTool: PolicyTool = {
  name: "crm.find-account",
  system: "crm",
  effect: "read",
  money: false,
  reversibility: "read_only",
  facets: { query: "string" },
  computed: {},
  facts: {},
};
export const fixtureTools = [refundTool, lookupTool] as const;

/** Policies of one file, which must have no finding. */
export function readPolicies(text: string): readonly PolicySource[] {
  const { policies, findings } = parsePolicies([{ path: "rules.cedar", text }]);
  if (findings.length > 0) throw new Error(JSON.stringify(findings));
  return policies;
}

type Changes = { readonly env?: Partial<PolicyEnv> } & Partial<Omit<PolicyRequest, "env">>;

/** A refund of 10.00, plain in every way, with changes. */
export function makeRequest({ env, ...changes }: Changes = {}): PolicyRequest {
  return {
    tenant: "acme",
    version: 1,
    agent: { id: "refunds", autonomy: 2, stage: "production", level: "senior", fleet: "finance" },
    tool: "payments.refund",
    input: { accountId: "A-1", amount: 10, urgent: false, labels: ["a"] },
    facts: { "crm.account.status": "open" },
    env: {
      confidenceBp: 9_000,
      confidenceStated: true,
      amountMinor: 1_000,
      currency: "EUR",
      approvals: [],
      repeats: 0,
      reversibility: "reversible",
      stage: "production",
      hourUtc: 12,
      entityType: "invoice",
      entityId: "4711",
      provenance: untraced({
        accountId: { path: "$.accountId", type: "string" },
        amount: { path: "$.amount", type: "integer" },
        urgent: { path: "$.urgent", type: "boolean" },
        labels: { path: "$.labels", type: "string[]" },
        query: { path: "$.query", type: "string" },
      }),
      classes: summariseClasses([], {
        accountId: { path: "$.accountId", type: "string" },
        amount: { path: "$.amount", type: "integer" },
        urgent: { path: "$.urgent", type: "boolean" },
        labels: { path: "$.labels", type: "string[]" },
        query: { path: "$.query", type: "string" },
      }),
      person: summarisePerson(undefined),
      entity: untouched,
      ...env,
    },
    ...changes,
  };
}
