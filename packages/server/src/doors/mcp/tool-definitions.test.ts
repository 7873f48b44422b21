/** The two added arguments, and taking them off again. */
import { expect, test } from "vitest";

import { addClaims, stripClaims, toolDigest } from "./tool-definitions.ts";

const refund = {
  name: "refund",
  description: "Pays back",
  inputSchema: {
    type: "object",
    properties: { id: { type: "string" } },
    required: ["id"],
    additionalProperties: false,
  },
};

test("both arguments are added, optional, beside the tool's own", () => {
  const { inputSchema } = addClaims(refund);
  expect(Object.keys(inputSchema["properties"] ?? {})).toEqual(["id", "_confidence", "_rationale"]);
  expect(inputSchema["required"]).toEqual(["id"]);
  expect(inputSchema["additionalProperties"]).toBe(false);
  expect(refund.inputSchema.properties).toEqual({ id: { type: "string" } });
});

test("nothing is added where a name is taken or the input is no object", () => {
  const taken = { name: "x", inputSchema: { type: "object", properties: { _rationale: { type: "string" } } } };
  expect(addClaims(taken)).toBe(taken);
  const odd = { name: "x", inputSchema: { type: "array" } };
  expect(addClaims(odd)).toBe(odd);
});

test("claims leave the arguments; wrong ones are dropped and never fail", () => {
  expect(stripClaims({ id: "1", _confidence: 0.9, _rationale: "because" })).toEqual({
    arguments: { id: "1" },
    confidence: 0.9,
    rationale: "because",
  });
  expect(stripClaims({ id: "1", _confidence: "high", _rationale: 7 })).toEqual({ arguments: { id: "1" } });
  expect(
    stripClaims({ _confidence: 1.5 }, { meta: { "airworthy/confidence": 0.5, "airworthy/rationale": "why" } }),
  ).toEqual({
    arguments: {},
    confidence: 0.5,
    rationale: "why",
  });
  expect(stripClaims({ _rationale: "x".repeat(3000) }).rationale).toHaveLength(2000);
});

test("a tool's own argument of that name stays with it", () => {
  const definition = { name: "x", inputSchema: { type: "object", properties: { _confidence: { type: "string" } } } };
  const args = { _confidence: "low", _rationale: "r" };
  expect(stripClaims(args, { definition })).toEqual({ arguments: args });
});

test("the pin follows what a model reads, not the order it is written in", () => {
  const reordered = { inputSchema: { ...refund.inputSchema }, description: "Pays back", name: "refund", icons: [] };
  expect(toolDigest(reordered)).toBe(toolDigest(refund));
  expect(toolDigest(refund)).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(toolDigest({ ...refund, description: "Pays back!" })).not.toBe(toolDigest(refund));
  expect(toolDigest({ ...refund, annotations: { readOnlyHint: true } })).not.toBe(toolDigest(refund));
});
