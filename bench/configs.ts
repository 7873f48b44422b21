/** The configurations that the benchmarks govern by: one agent, an HTTP system, an MCP server, a budget and a few policies. */
import { toolDigest } from "../packages/server/src/doors/mcp/tool-definitions.ts";
import { echo, look } from "./mcp-tools.ts";
import { agentName } from "./processes.ts";

const people = `
apiVersion: airworthy/v1
kind: Person
name: owner
roles: [admin]
---
apiVersion: airworthy/v1
kind: Team
name: finance
members: [owner]
`;

const agent = (tools: readonly string[]): string => `
apiVersion: airworthy/v1
kind: Agent
name: ${agentName}
purpose: Is measured
owner: owner
stage: production
level: senior
tools: [${tools.join(", ")}]
`;

const bank = `
apiVersion: airworthy/v1
kind: Connector
name: bank
type: http
baseUrl: \${BENCH_HTTP_URL}
tools:
  - name: bank.write
    effect: write
    reversibility: reversible
    input: { type: object, properties: { text: { type: string } }, required: [text], additionalProperties: false }
    request: { method: POST, path: /writes, body: [text] }
    idempotency: { header: Idempotency-Key, retention: 1h }
  - name: bank.read
    effect: read
    input: { type: object, properties: { text: { type: string } }, required: [text], additionalProperties: false }
    request: { method: POST, path: /reads, body: [text] }
  - name: bank.account
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id], additionalProperties: false }
    request: { method: GET, path: "/accounts/{id}" }
    yields:
      - { fact: bank.status, key: $.id, value: $.status, type: string, authoritative: true }
  - name: bank.refund
    effect: write
    reversibility: reversible
    input:
      type: object
      properties: { account: { type: string }, invoice: { type: string }, amountMinor: { type: integer, minimum: 0 } }
      required: [account, invoice, amountMinor]
      additionalProperties: false
    request: { method: POST, path: /refunds, body: [account, invoice, amountMinor] }
    entity: { type: invoice, id: $.invoice }
    amount: { minor: $.amountMinor, currency: EUR }
    rests_on:
      - { fact: bank.status, key: $.account, maxAge: 1m, lookup: { tool: bank.account, with: { id: $.account } } }
    idempotency: { header: Idempotency-Key, retention: 1h }
`;

const echoing = `
apiVersion: airworthy/v1
kind: Connector
name: echoing
type: mcp
url: \${BENCH_MCP_URL}
tools:
  - { name: ${echo.name}, effect: write, reversibility: reversible, pin: "${toolDigest(echo)}" }
  - { name: ${look.name}, effect: read, pin: "${toolDigest(look)}" }
`;

const budget = `
apiVersion: airworthy/v1
kind: Budget
name: refunds
tools: [bank.refund]
limit: { minor: 900000000000, currency: EUR }
per: month
`;

const rules = `
@id("bench-may")
permit (principal == Airworthy::Agent::"${agentName}", action, resource);
`;
const refundRules = `
@id("refund-active")
forbid (principal, action == Airworthy::Action::"bank.refund", resource)
when { context.facts["bank.status"] != "active" };

@id("refund-over-500")
@approver("finance")
forbid (principal, action == Airworthy::Action::"bank.refund", resource)
when { context.env.amountMinor > 50000 }
unless { context.env.approvals.contains("finance") };
`;

/** `BENCH_HTTP_URL` and `BENCH_MCP_URL` must be in the server's environment. */
export const wholeConfig: Readonly<Record<string, string>> = {
  "people.yaml": people,
  "agent.yaml": agent(["bank.write", "bank.read", "bank.account", "bank.refund", echo.name, look.name]),
  "bank.yaml": bank,
  "echoing.yaml": echoing,
  "budget.yaml": budget,
  "rules.cedar": rules + refundRules,
};

/** Only the HTTP system, for nodes that come and go. `BENCH_HTTP_URL` must be in the server's environment. */
export const bankConfig: Readonly<Record<string, string>> = {
  "people.yaml": people,
  "agent.yaml": agent(["bank.write", "bank.read", "bank.account", "bank.refund"]),
  "bank.yaml": bank,
  "budget.yaml": budget,
  "rules.cedar": rules + refundRules,
};
