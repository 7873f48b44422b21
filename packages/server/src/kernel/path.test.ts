/** Tests of paths and of the templates made of them. */
import { AirworthyError } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import { fillTemplate, parsePath, placeEach, readEach, readPath } from "./path.ts";

const root = { a: { b: [{ id: 1 }, { id: 2 }, 3] }, "odd 'name'": "x", list: [[1], [2, 3]], none: null } as const;

describe("readPath", () => {
  it.each([
    ["$", root],
    ["$.a.b[1].id", 2],
    ["$['a']['b'][0]", { id: 1 }],
    ["$['odd \\'name\\'']", "x"],
    ["$.none", null],
    ["@", { id: 7 }],
    ["@.id", 7],
  ])("finds %s", (text, value) => expect(readPath(parsePath(text), { root, item: { id: 7 } })).toEqual(value));

  it.each([
    "$.missing",
    "$.none.x",
    "$.a.b[9]",
    "$.a[0]",
    "$.a.b.length",
    "$.toString",
    "$.__proto__",
    "$.constructor.prototype",
    "$.list[*]",
  ])("finds nothing at %s", (text) => expect(readPath(parsePath(text), { root })).toBeUndefined());

  it("finds nothing of an item where there is none", () => {
    expect(readPath(parsePath("@.id"), { root })).toBeUndefined();
  });
});

describe("readEach", () => {
  it.each([
    ["$.a.b[*]", [{ id: 1 }, { id: 2 }, 3]],
    ["$.a.b[*].id", [1, 2]],
    ["$.list[*][*]", [1, 2, 3]],
    ["$.list", [[1], [2, 3]]],
    ["$.a", [root.a]],
    ["$.a[*]", [root.a.b]],
    ["$.a[*][*].id", [1, 2]],
    ["$.none[*]", []],
    ["$.missing", []],
  ])("gives %s", (text, values) => expect(readEach(parsePath(text), root)).toEqual(values));

  it("says where each stands", () => {
    expect(placeEach(parsePath("$.a.b[*]"), root).map(({ at }) => at)).toEqual(["$.a.b[0]", "$.a.b[1]", "$.a.b[2]"]);
    expect(placeEach(parsePath("$.list[1]"), root).map(({ at }) => at)).toEqual(["$.list[1][0]", "$.list[1][1]"]);
  });
});

it.each([
  ["", 1],
  ["a.b", 1],
  ["$..a", 2],
  ["$.a[", 4],
  ["$.a[-1]", 4],
  ["$.a b", 4],
  ["$[?(@.x)]", 2],
  ["$['a]", 2],
])("says where %j is not a path", (text, column) => {
  expect(() => parsePath(text)).toThrowError(
    expect.objectContaining({ code: "invalid_input", place: `column ${column}` }) as Error,
  );
});

describe("fillTemplate", () => {
  const scope = { arguments: { invoiceId: "i-1", n: { d: 2 } }, result: { id: "r-9" }, idempotencyKey: "key-1" };

  it("fills arguments, results, our key and literals", () => {
    const template = { a: "$.invoiceId", b: "$.n.d", c: "$result.id", d: "$idempotencyKey", e: "EUR", f: "$result" };
    expect(fillTemplate(template, scope)).toEqual({ a: "i-1", b: 2, c: "r-9", d: "key-1", e: "EUR", f: { id: "r-9" } });
  });

  it.each(["$.missing", "$result.missing", "$resulting", "$other"])("refuses %s", (text) => {
    expect(() => fillTemplate({ a: text }, scope)).toThrowError(AirworthyError);
  });

  it("names the member that has nothing to hold", () => {
    expect(() => fillTemplate({ key: "$idempotencyKey" }, { arguments: {} })).toThrowError(
      expect.objectContaining({ place: "with.key" }) as Error,
    );
  });
});
