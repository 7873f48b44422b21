/** The configuration of the fault tests: one system with a write tool of every manner, four agents, a team that approves. */

export const faultAgents = ["ada", "ben", "cem", "dia"] as const;
/** Above this many minor units a payment needs a person. */
export const approvalAboveMinor = 50_000;

const agent = (name: string): string => `
apiVersion: airworthy/v1
kind: Agent
name: ${name}
purpose: Pays, posts and sends under fire
owner: maria
stage: production
level: senior
tools: [desk.pay, desk.post, desk.send, desk.find, desk.account, desk.checked]`;

/** `DESK_URL` must be in the server's environment. Time limits are short, so that recovery is. */
export const faultFiles: Readonly<Record<string, string>> = {
  "people.yaml": `
apiVersion: airworthy/v1
kind: Person
name: maria
roles: [approver, operator]
---
apiVersion: airworthy/v1
kind: Person
name: jonas
roles: [approver]
---
apiVersion: airworthy/v1
kind: Team
name: finance
members: [maria, jonas]
`,
  "agents.yaml": faultAgents.map(agent).join("\n---"),
  "desk.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: desk
type: http
baseUrl: \${DESK_URL}
tools:
  - name: desk.account
    effect: read
    timeout: 3s
    input: { type: object, properties: { account: { type: string } }, required: [account], additionalProperties: false }
    request: { method: GET, path: "/accounts/{account}" }
    yields:
      - { fact: desk.status, key: $.account, value: $.status, type: string, authoritative: true }
  - name: desk.find
    effect: read
    timeout: 1s
    input: { type: object, properties: { ref: { type: string } }, required: [ref], additionalProperties: false }
    request: { method: GET, path: /effects, query: [ref] }
  - name: desk.pay
    description: Honours an idempotency key.
    effect: write
    reversibility: reversible
    timeout: 1s
    input: &payment
      type: object
      properties: { ref: { type: string, minLength: 1 }, amountMinor: { type: integer, minimum: 0 } }
      required: [ref, amountMinor]
      additionalProperties: false
    request: { method: POST, path: /pay, body: [ref, amountMinor] }
    entity: { type: payment, id: $.ref }
    amount: { minor: $.amountMinor, currency: EUR }
    outcome: { state: paid, flow: out }
    idempotency: { header: Idempotency-Key, retention: 1h }
  - name: desk.checked
    description: Rests on a fact that is looked up every time.
    effect: write
    reversibility: reversible
    timeout: 1s
    input:
      type: object
      properties: { ref: { type: string, minLength: 1 }, account: { type: string, minLength: 1 } }
      required: [ref, account]
      additionalProperties: false
    request: { method: POST, path: /pay, body: [ref, account] }
    rests_on:
      - { fact: desk.status, key: $.account, maxAge: 1m, lookup: { tool: desk.account, with: { account: $.account } } }
    idempotency: { header: Idempotency-Key, retention: 1h }
  - name: desk.post
    description: Knows no key, but can be asked.
    effect: write
    reversibility: reversible
    timeout: 1s
    input: &referred
      type: object
      properties: { ref: { type: string, minLength: 1 } }
      required: [ref]
      additionalProperties: false
    request: { method: POST, path: /post, body: [ref] }
    probe: { tool: desk.find, with: { ref: $.ref }, found: "$.effects[0]" }
  - name: desk.send
    description: Knows no key and cannot be asked.
    effect: write
    timeout: 1s
    input: *referred
    entity: { type: letter, id: $.ref }
    touches: [{ type: payment, id: $.ref }]
    outcome: { state: sent }
    request: { method: POST, path: /send, body: [ref] }
`,
  "budget.yaml": `
apiVersion: airworthy/v1
kind: Budget
name: payments
tools: [desk.pay]
limit: { minor: 100000000000, currency: EUR }
per: month
`,
  "rules.cedar": `
@id("agents-may")
permit (principal, action, resource);

@id("large-needs-finance")
@title("Large payments need finance")
@approver("finance")
forbid (principal, action == Airworthy::Action::"desk.pay", resource)
when { context.env.amountMinor > ${approvalAboveMinor} }
unless { context.env.approvals.contains("finance") };
`,
};
