/** Tests of expressions: what they can say, what they refuse when configured, and what they never do with hostile input. */
import { AirworthyError, type JsonObject } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import type { FacetType } from "../policy/tool-schema.ts";
import { compileExpression, prepareScope } from "./expression.ts";
import { namesRead } from "./names-read.ts";

const facts: JsonObject = {
  "shop.order": {
    lines: [
      { sku: "a", grams: 250 },
      { sku: "b", grams: 750 },
    ],
    paid: true,
    at: "2026-05-14T16:03:16-05:00",
  },
  "shop.stock": { a: { left: 3 }, b: { left: 0 } },
  "shop.rate": 1.5,
};
const args: JsonObject = { skus: ["a", "b"], grams: 1000, note: "x", flags: { rush: true } };
const now = new Date("2026-05-15T15:00:00-05:00");

function compute(source: string, type: FacetType, given: JsonObject = args): unknown {
  return compileExpression(source, type)(prepareScope({ args: given, facts, now }), { earlier: 2, names: ["a"] });
}

function refusalOf(run: () => unknown): AirworthyError {
  try {
    run();
  } catch (error) {
    if (error instanceof AirworthyError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("an expression", () => {
  it.each<[string, FacetType, unknown]>([
    ["args.skus.size()", "integer", 2],
    ["facts['shop.order'].lines.map(l, l.grams).sum() == args.grams", "boolean", true],
    ["facts['shop.order'].lines.filter(l, l.grams > 300).map(l, l.sku)", "string[]", ["b"]],
    ["args.skus.all(s, facts['shop.stock'][s].left > 0)", "boolean", false],
    ["now - timestamp(facts['shop.order'].at) <= duration('24h')", "boolean", true],
    ["args.skus.slice(0, 1) == ['a']", "boolean", true],
    ["lists.range(args.skus.size() - 1).all(i, args.skus[i] < args.skus[i + 1])", "boolean", true],
    ["has(args.missing) ? args.missing : 'none'", "string", "none"],
    ["{'gold': {'wide': 3}}['gold']['wide'] * computed.earlier", "integer", 6],
    ["args.note in computed.names", "boolean", false],
    ["[1, 2.5].sum() > 3.4", "boolean", true],
  ])("computes %s", (source, type, value) => expect(compute(source, type)).toEqual(value));

  it.each<[string, FacetType, string]>([
    ["args.skus.", "boolean", "Expected"],
    ["argz.skus", "boolean", "Unknown variable: argz"],
    ["process.env", "string", "Unknown variable: process"],
    ["args.skus.size()", "string", "it is int, not string"],
    ["args.note.matches('(a+)+$')", "boolean", "matches is not allowed"],
    ["args.a.all(x, args.a.all(y, args.a.all(z, true)))", "boolean", "nested too deeply"],
  ])("is refused when it is configured: %s", (source, type, words) =>
    expect(refusalOf(() => compileExpression(source, type)).message).toContain(words),
  );

  it.each<[string, FacetType]>([
    ["args.missing", "string"],
    ["args.note + 1", "integer"],
    ["facts['shop.rate'] * args.grams", "integer"],
    ["args.grams / (args.grams - 1000)", "integer"],
    ["timestamp(args.note) < now", "boolean"],
    ["args.constructor", "string"],
    ["args.__proto__", "string"],
    ["args.skus.sum()", "integer"],
    ["args.note", "integer"],
    ["lists.range(args.grams).size()", "integer"],
    ["9223372036854775807 - args.grams", "integer"],
  ])("throws what names no value: %s", (source, type) => {
    const refusal = refusalOf(() => compute(source, type));
    expect(refusal.code).toBe("invalid_input");
    expect(refusal.message).not.toMatch(/1000|"x"|shop/);
  });

  it("never takes a member of the language for a member of the arguments", () => {
    const hostile: JsonObject = JSON.parse(
      '{"note":{"constructor":"string","__proto__":{"rush":true}},"toString":"x"}',
    );
    expect(() => compute("args.note.rush", "boolean", hostile)).toThrow(AirworthyError);
    expect(compute("has(args.valueOf)", "boolean", hostile)).toBe(false);
  });

  it("refuses lists that are too long before it looks through them", () => {
    const long = { skus: Array.from({ length: 257 }, () => "a") };
    expect(refusalOf(() => compute("args.skus.size()", "integer", long)).message).toContain("more than 256 items");
  });
});

it("names what an expression reads", () => {
  expect(namesRead("args.a.all(x, facts['b.c'].d[x]) && computed.e > args['f'] && now > now")).toEqual([
    { of: "args", name: "a" },
    { of: "facts", name: "b.c" },
    { of: "computed", name: "e" },
    { of: "args", name: "f" },
  ]);
});
