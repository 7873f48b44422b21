/** A small accounts payable for tests: three agents that flag, delay and credit, and accounts between which money moves. */
import { readFileSync } from "node:fs";
import path from "node:path";

const write = (name: string, args: Readonly<Record<string, string>>, more: readonly string[]): string => `
  - name: ${name}
    effect: write
    reversibility: reversible
    timeout: 20s
    input:
      type: object
      properties: { ${Object.entries(args)
        .map(([arg, type]) => `${arg}: { type: ${type} }`)
        .join(", ")} }
      required: [${Object.keys(args).join(", ")}]
      additionalProperties: false
    request: { method: POST, path: /${name}, body: [${Object.keys(args).join(", ")}] }
${more.map((line) => `    ${line}`).join("\n")}`;

const invoice = "entity: { type: invoice, id: $.invoice }";
const vendor = "touches: [{ type: vendor, id: $.vendor }]";
const amount = "amount: { minor: $.minor, currency: EUR }";
const keyed = "idempotency: { header: Idempotency-Key, retention: 1h }";

const agent = (name: string): string => `
apiVersion: airworthy/v1
kind: Agent
name: ${name}
purpose: One of three
owner: maria
stage: production
level: senior
tools: [desk.flag, desk.delay, desk.credit, desk.clear, desk.hold, desk.move, desk.blind]
`;

export const guardPack = readFileSync(
  path.join(import.meta.dirname, "../../packages/server/policies/guards.cedar"),
  "utf8",
);

/** `SHOP_URL` must be in the server's environment. `guards` may be empty, for the same desk without them. */
export const payablesFiles = (guards: string): Readonly<Record<string, string>> => ({
  "people.yaml": `
apiVersion: airworthy/v1
kind: Person
name: maria
roles: [approver, operator]
---
apiVersion: airworthy/v1
kind: Person
name: vera
roles: [viewer]
---
apiVersion: airworthy/v1
kind: Team
name: reviewers
members: [maria]
`,
  "agents.yaml": ["flagger", "delayer", "crediter"].map(agent).join("---"),
  "desk.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: desk
type: http
baseUrl: \${SHOP_URL}
tools:${[
    write("desk.flag", { invoice: "string", why: "string" }, [
      invoice,
      "outcome: { state: flagged, contradicts: [credited] }",
      keyed,
    ]),
    write("desk.delay", { invoice: "string", vendor: "string" }, [
      invoice,
      vendor,
      "outcome: { state: payment_delayed, contradicts: [credited] }",
      keyed,
    ]),
    write("desk.credit", { invoice: "string", vendor: "string", minor: "integer" }, [
      invoice,
      vendor,
      amount,
      "outcome: { state: credited, flow: out }",
      keyed,
    ]),
    write("desk.clear", { invoice: "string" }, [invoice, "outcome: { ends: [flagged], hold: release }", keyed]),
    write("desk.hold", { invoice: "string" }, [invoice, "outcome: { hold: place }", keyed]),
    write("desk.move", { from: "string", to: "string", minor: "integer" }, [
      "entity: { type: account, id: $.from }",
      "touches: [{ type: account, id: $.to }]",
      amount,
      "outcome: { flow: out }",
      keyed,
    ]),
    write("desk.blind", { invoice: "string", minor: "integer" }, [
      invoice,
      amount,
      "outcome: { state: credited, flow: out }",
    ]),
  ].join("")}
`,
  "rules.cedar": `@id("may") permit (principal, action, resource);
${guards}`,
});
