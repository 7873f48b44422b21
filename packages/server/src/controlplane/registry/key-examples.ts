/** An example for every key that a document may need, shown where one is missing. */

const examples: Readonly<Record<string, string>> = {
  apiVersion: "airworthy/v1",
  kind: "Agent",
  name: "billing-corrections",
  purpose: "Refunds duplicate payments",
  owner: "maria",
  stage: "shadow",
  level: "intern",
  tools: "[crm.get_account]",
  provider: "openai",
  type: "http",
  baseUrl: "https://crm.example.com",
  connection: "{ env: BILLING_DATABASE_URL }",
  header: "Authorization",
  env: "CRM_TOKEN",
  file: "/run/secrets/crm-token",
  effect: "read",
  input: "{ type: object, properties: {} }",
  request: "{ method: GET, path: /accounts }",
  method: "GET",
  path: "$.invoiceId",
  sql: "SELECT id FROM invoices WHERE id = :invoiceId",
  fact: "crm.account.status",
  key: "$.accountId",
  value: "$.status",
  maxAge: "30s",
  lookup: "{ tool: crm.get_account, with: { accountId: $.accountId } }",
  tool: "crm.get_account",
  with: "{ accountId: $.accountId }",
  id: "$.invoiceId",
  minor: "$.amountMinor",
  currency: "$.currency",
  retention: "24h",
  found: "$.refunds[0].id",
  roles: "[approver]",
  members: "[maria]",
  limit: "{ minor: 500000, currency: EUR }",
  per: "day",
  version: "1",
  nullable: "false",
  window: "{ records: 5000 }",
  fields: "[{ name: status, type: text, nullable: false }]",
};

/** Keys whose example depends on where they stand: `parent/key`. */
const placed: Readonly<Record<string, string>> = {
  "model/name": "gpt-4o-2024-08-06",
  "request/path": "/accounts/{accountId}",
  "limit/minor": "500000",
  "limit/currency": "EUR",
  "facets/type": "string",
  "entity/type": "invoice",
  "yields/type": "string",
  "fields/name": "status",
  "fields/type": "text",
};

/** `key: example`, or undefined when there is none to show. `parent` is the nearest key above. */
export function exampleOf(key: string, parent: string | undefined): string | undefined {
  const example = placed[`${parent}/${key}`] ?? examples[key];
  return example === undefined ? undefined : `${key}: ${example}`;
}
