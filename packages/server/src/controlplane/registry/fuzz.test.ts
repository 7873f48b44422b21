/** Tests with random and mutated text that reading configuration never throws and points only into its files. */
import type { ConfigFile, Finding } from "@airworthy/contract";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { linkDocuments } from "./link.ts";
import { loadDocuments } from "./load-documents.ts";
import { readPolicyTests } from "./policy-tests.ts";
import { renderFindings } from "./render-findings.ts";

const seed = `apiVersion: airworthy/v1
kind: Connector
name: store
type: http
baseUrl: \${STORE_URL}
auth: { header: Authorization, prefix: Bearer, value: { env: STORE_TOKEN } }
tools:
  - name: store.get
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id], additionalProperties: false }
    request: { method: GET, path: "/items/{id}", query: [id] }
    yields:
      - { fact: store.status, each: "$.items[*]", key: "@.id", value: "@.status", asOf: $.at, type: string }
  - name: store.put
    effect: write
    reversibility: reversible
    input: { type: object, properties: { id: { type: string }, minor: { type: integer } } }
    request: { method: PUT, path: /x, body: [id, minor] }
    entity: { type: item, id: $.id }
    amount: { minor: $.minor, currency: EUR }
    facets: { id: { path: "$['id']", type: string, default: "" } }
    rests_on: [{ fact: store.status, key: $.id, maxAge: 30s, lookup: { tool: store.get, with: { id: $.id } } }]
    idempotency: { header: Idempotency-Key, retention: 24h }
    probe: { tool: store.get, with: { id: $idempotencyKey }, found: $.id }
    compensate: { tool: store.put, with: { id: $result.id } }
---
apiVersion: airworthy/v1
kind: Agent
name: a
purpose: &p { x: [1, 2.5, null, true] }
owner: *p
stage: shadow
level: intern
model: { provider: openai, name: gpt-4o }
tools: [store.get]
---
apiVersion: airworthy/v1
kind: Budget
name: b
agents: [a]
tools: [store.put]
limit: { minor: 500, currency: EUR }
per: day
`;

function readAll(files: readonly ConfigFile[]): Finding[] {
  const loaded = loadDocuments(files);
  const findings = [...loaded.findings, ...linkDocuments(loaded), ...readPolicyTests(loaded.tests, {}).findings];
  expect(renderFindings(findings, files)).toBeTypeOf("string");
  for (const { file, line, column, length } of findings) {
    const lines = files.find(({ path }) => path === file)?.text.split("\n") ?? [];
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(Math.max(lines.length, 1));
    expect(column).toBeGreaterThanOrEqual(1);
    expect(length).toBeGreaterThanOrEqual(1);
    expect(column + length - 1).toBeLessThanOrEqual(Math.max((lines[line - 1] ?? "").length + 1, 1));
  }
  return findings;
}

const yaml = (text: string): ConfigFile[] => [
  { path: "a.yaml", text },
  { path: "a.test.yaml", text },
];
const pieces = [
  "&a ",
  "*a",
  "!x ",
  "<<: ",
  "- ",
  "? ",
  ": ",
  "| ",
  "> ",
  "[",
  "]",
  "{",
  "}",
  "'",
  '"',
  "#",
  "---\n",
  "...\n",
  "%YAML 1.1\n",
  "\t",
  "\r",
  "\0",
  "\uFEFF",
  "\uD800",
  "null",
  ".nan",
  "0x1F",
  "~",
  "${",
  "$.",
  "$result",
  "@.x",
  "__proto__",
  "constructor",
];
const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 6, unit: "binary" }));

describe("reading configuration", () => {
  test("random bytes never throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        readAll(yaml(Buffer.from(bytes).toString("utf8")));
      }),
      { numRuns: 300 },
    );
  });

  test("pieces of YAML never throw", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (parts) => {
        readAll(yaml(parts.join("")));
      }),
      { numRuns: 500 },
    );
  });

  test("mutated documents never throw", () => {
    const mutation = fc.record({ at: fc.nat(seed.length), remove: fc.nat(20), insert: piece });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let text = seed;
        for (const { at, remove, insert } of mutations) text = text.slice(0, at) + insert + text.slice(at + remove);
        readAll(yaml(text));
      }),
      { numRuns: 300 },
    );
  });

  test("values of the wrong shape never throw", () => {
    const lines = seed.split("\n");
    fc.assert(
      fc.property(fc.nat(lines.length - 1), fc.json({ maxDepth: 2 }), (index, value) => {
        const changed = lines.with(
          index,
          (lines[index] ?? "").replace(/: .*/, () => `: ${value}`),
        );
        readAll(yaml(changed.join("\n")));
      }),
      { numRuns: 150 },
    );
  });
});
