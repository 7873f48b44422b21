/** Ten thousand messages for a stream: good records, rubbish and broken contracts among them, in known numbers. */

export const feedFiles = (broker: string, further = ""): Readonly<Record<string, string>> => ({
  "people.yaml": `
apiVersion: airworthy/v1
kind: Person
name: maria
roles: [approver, operator]
`,
  "agents.yaml": `
apiVersion: airworthy/v1
kind: Agent
name: clerk
purpose: Reads orders
owner: maria
stage: production
level: senior
tools: [orders.get]
`,
  "rules.cedar": `@id("clerk-may") permit (principal, action, resource);`,
  "orders.yaml": `
apiVersion: airworthy/v1
kind: SourceContract
name: orders
version: 1
fields:
  - { name: id, type: text, nullable: false }
  - { name: rev, type: integer, nullable: false }
  - { name: total, type: integer, nullable: false, range: { min: 0, max: 1000000 } }
---
apiVersion: airworthy/v1
kind: Connector
name: orders
type: stream
broker: ${broker}
${further}
records:
  - { record: order, contract: orders, key: $.id, version: $.rev }
tools:
  - name: orders.get
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    find: { record: order, by: $.id }
    yields:
      - { fact: order.total, key: $.key, value: $.value.total, asOf: $.current, type: integer }
`,
});

export const feedTotal = 10_000;

/** Of each hundred: one is no JSON, one breaks its contract, one repeats the record before it, 97 are new. */
export function feedMessage(index: number): Buffer {
  const record = (number: number): Buffer => Buffer.from(JSON.stringify({ id: `o-${number}`, rev: 1, total: number }));
  const place = index % 100;
  if (place === 13) return Buffer.from([0xff, 0xfe, 0x00, 0x7b, index % 256]);
  if (place === 14) return Buffer.from(JSON.stringify({ id: `o-${index}`, rev: 1, total: "much" }));
  if (place === 15) return record(index - 3);
  return record(index);
}

export const feedExpected = {
  records: feedTotal * 0.97,
  quarantined: feedTotal * 0.02,
  duplicates: feedTotal * 0.01,
} as const;
