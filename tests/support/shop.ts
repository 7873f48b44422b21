/** A small governed shop for tests: one HTTP system with reads and writes of every manner, two agents, two teams. */

/** `SHOP_URL` and `SHOP_KEY` must be in the server's environment. Time limits are short, so that waiting is. */
export const shopFiles: Readonly<Record<string, string>> = {
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
kind: Person
name: vera
roles: [viewer]
---
apiVersion: airworthy/v1
kind: Team
name: finance
members: [maria, jonas]
---
apiVersion: airworthy/v1
kind: Team
name: risk
members: [jonas]
`,
  "agents.yaml": `
apiVersion: airworthy/v1
kind: Agent
name: clerk
purpose: Refunds and notes
owner: maria
stage: production
level: senior
tools: [shop.list, shop.get, shop.refund, shop.note, shop.probed, shop.blind, shop.find, shop.late]
---
apiVersion: airworthy/v1
kind: Agent
name: reader
purpose: Reads
owner: maria
stage: production
level: junior
tools: [shop.get]
`,
  "shop.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: shop
type: http
baseUrl: \${SHOP_URL}
auth: { header: X-Api-Key, value: { env: SHOP_KEY } }
tools:
  - name: shop.list
    effect: read
    timeout: 1s
    input: { type: object, properties: {}, additionalProperties: false }
    request: { method: GET, path: /accounts }
    yields:
      - { fact: shop.status, each: $.accounts, key: "@.id", value: "@.status", asOf: $.asOf, type: string }
  - name: shop.get
    effect: read
    timeout: 1s
    input: { type: object, properties: { id: { type: string } }, required: [id], additionalProperties: false }
    request: { method: GET, path: "/accounts/{id}" }
    yields:
      - { fact: shop.status, key: $.id, value: $.status, type: string, authoritative: true }
  - name: shop.find
    effect: read
    timeout: 1s
    input: { type: object, properties: { key: { type: string } }, required: [key] }
    request: { method: GET, path: /effects, query: [key] }
  - name: shop.refund
    effect: write
    reversibility: reversible
    timeout: 1s
    input: &refund
      type: object
      properties:
        account: { type: string, minLength: 1 }
        invoice: { type: string, minLength: 1 }
        amountMinor: { type: integer, minimum: 0 }
        note: { type: string }
      required: [account, invoice, amountMinor]
      additionalProperties: false
    request: { method: POST, path: /refunds, body: [account, invoice, amountMinor, note] }
    entity: { type: invoice, id: $.invoice }
    amount: { minor: $.amountMinor, currency: EUR }
    rests_on:
      - { fact: shop.status, key: $.account, maxAge: 1m, lookup: { tool: shop.get, with: { id: $.account } } }
    idempotency: { header: Idempotency-Key, retention: 1h }
  - name: shop.note
    effect: write
    reversibility: reversible
    timeout: 1s
    input: { type: object, properties: { text: { type: string }, secret: { type: string } }, required: [text], additionalProperties: false }
    request: { method: POST, path: /notes, body: [text] }
    idempotency: { header: Idempotency-Key, retention: 1h }
  - name: shop.probed
    effect: write
    reversibility: reversible
    timeout: 1s
    input: { type: object, properties: { text: { type: string } }, required: [text], additionalProperties: false }
    request: { method: POST, path: /probed, body: [text] }
    probe: { tool: shop.find, with: { key: $.text }, found: "$.effects[0]" }
  - name: shop.blind
    effect: write
    timeout: 1s
    input: { type: object, properties: { text: { type: string } }, required: [text], additionalProperties: false }
    request: { method: POST, path: /blind, body: [text] }
  - name: shop.late
    effect: write
    reversibility: reversible
    timeout: 1s
    input: { type: object, properties: { account: { type: string } }, required: [account], additionalProperties: false }
    request: { method: POST, path: /late, body: [account] }
    rests_on:
      - { fact: shop.status, key: $.account, maxAge: 2s, lookup: { tool: shop.get, with: { id: $.account } } }
    idempotency: { header: Idempotency-Key, retention: 1h }
`,
  "budget.yaml": `
apiVersion: airworthy/v1
kind: Budget
name: refunds
tools: [shop.refund]
limit: { minor: 1000000, currency: EUR }
per: month
`,
  "rules.cedar": `
@id("clerk-may")
permit (principal == Airworthy::Agent::"clerk", action, resource);

@id("reader-may")
permit (principal == Airworthy::Agent::"reader", action in Airworthy::Action::"read", resource);

@id("refund-active")
@title("Refunds go to active accounts")
forbid (principal, action == Airworthy::Action::"shop.refund", resource)
when { context.facts["shop.status"] != "active" && context.facts["shop.status"] != "vip" };

@id("refund-over-500")
@title("Refunds above 500.00 need finance")
@approver("finance")
@ttl("PT30M")
forbid (principal, action == Airworthy::Action::"shop.refund", resource)
when { context.env.amountMinor > 50000 }
unless { context.env.approvals.contains("finance") };

@id("refund-over-5000")
@title("Refunds above 5,000.00 need risk as well")
@approver("risk")
forbid (principal, action == Airworthy::Action::"shop.refund", resource)
when { context.env.amountMinor > 500000 }
unless { context.env.approvals.contains("risk") };
`,
};
