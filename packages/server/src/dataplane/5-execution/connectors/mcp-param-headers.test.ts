/** Arguments in headers: which declarations count, and that what one side writes the other side accepts. */
import type { JsonObject } from "@airworthy/contract";
import { assert, property, string } from "fast-check";
import { expect, test } from "vitest";

import { paramHeaderMismatch, paramHeadersFor, paramHeadersOf } from "./mcp-param-headers.ts";
import { decodeHeaderValue, encodeHeaderValue } from "./mcp-wire.ts";

const declares = (a: JsonObject): boolean => paramHeadersOf({ type: "object", properties: { a } }) !== undefined;

test("a declaration must stand on a plain property with a usable name", () => {
  expect(declares({ type: "string", "x-mcp-header": "Region" })).toBe(true);
  expect(declares({ type: "object", properties: { b: { type: "boolean", "x-mcp-header": "Deep" } } })).toBe(true);
  expect(declares({ type: "number", "x-mcp-header": "Amount" })).toBe(false);
  expect(declares({ type: "string", "x-mcp-header": "two words" })).toBe(false);
  expect(declares({ type: "string", "x-mcp-header": "" })).toBe(false);
  expect(declares({ type: "array", items: { type: "string", "x-mcp-header": "Item" } })).toBe(false);
  expect(declares({ anyOf: [{ type: "string", "x-mcp-header": "Or" }] })).toBe(false);
  const twice = { a: { type: "string", "x-mcp-header": "Same" }, b: { type: "string", "x-mcp-header": "same" } };
  expect(paramHeadersOf({ type: "object", properties: twice })).toBeUndefined();
});

test("any text survives the header", () => {
  assert(
    property(string({ unit: "grapheme" }), (value) => {
      const header = encodeHeaderValue(value);
      expect(header).toMatch(/^[\x20-\x7e]*$/);
      expect(decodeHeaderValue(header)).toBe(value);
    }),
  );
  expect(decodeHeaderValue("=?base64?SGVsbG8?=")).toBeUndefined();
  expect(decodeHeaderValue("=?base64?/w==?=")).toBeUndefined();
  expect(decodeHeaderValue("=?base64?SGVsbG8=")).toBe("=?base64?SGVsbG8=");
});

test("what is sent is accepted, and anything else is not", () => {
  const declared = [
    { path: ["a"], header: "Text", type: "string" },
    { path: ["b", "c"], header: "Count", type: "integer" },
    { path: ["d"], header: "Flag", type: "boolean" },
  ];
  const args = { a: " ü ", b: { c: 42 }, d: false };
  const headers = paramHeadersFor(declared, args);
  expect(paramHeaderMismatch(declared, args, headers)).toBeUndefined();
  expect(paramHeaderMismatch(declared, args, { ...headers, "mcp-param-count": "42.0" })).toBeUndefined();
  expect(paramHeaderMismatch(declared, args, { ...headers, "mcp-param-count": "43" })).toContain("Mcp-Param-Count");
  expect(paramHeaderMismatch(declared, args, { ...headers, "mcp-param-flag": undefined })).toContain("missing");
  expect(paramHeaderMismatch(declared, { a: null }, {})).toBeUndefined();
});
