/** Tests of how facts and their ages are taken out of results. */
import type { Json, YieldRule } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import { extractFacts, maxFactsPerResult } from "./yields.ts";

const fetchedAt = Date.parse("2026-03-01T12:00:00Z");
const status: YieldRule = {
  fact: "crm.account.status",
  key: "$.id",
  value: "$.status",
  asOf: "$.updatedAt",
  type: "string",
};
const read = (rule: YieldRule, result: Json) =>
  extractFacts([rule], { result, fetchedAt }).map((fact) => ({ ...fact, path: undefined, item: undefined }));

describe("extractFacts", () => {
  it("takes key, value, age and version from where the rule says", () => {
    const result = { id: 17, status: "active", updatedAt: "2026-03-01T11:59:00.5+00:00", rev: "7" };
    expect(read({ ...status, version: "$.rev" }, result)).toEqual([
      { fact: status.fact, key: "17", value: "active", asOf: fetchedAt - 59_500, sourceVersion: "7" },
    ]);
  });

  it("walks a list, with @ for the item and $ for the whole", () => {
    const rule: YieldRule = {
      ...status,
      each: "$.accounts[*]",
      key: "@.id",
      value: "@.open",
      asOf: "$.at",
      type: "boolean",
    };
    const result = {
      at: 1_772_366_399,
      accounts: [
        { id: "a", open: true },
        { id: "b", open: false },
      ],
    };
    expect(read(rule, result)).toMatchObject([
      { key: "a", value: true, asOf: fetchedAt - 1000 },
      { key: "b", value: false, asOf: fetchedAt - 1000 },
    ]);
  });

  it("says where each value stands, in which record, and which delivery brought it", () => {
    const rule: YieldRule = {
      ...status,
      each: "$.rows",
      key: "@.id",
      value: "@.now.status",
      asOf: "$.at",
      batch: "$.batch",
    };
    const rows = [
      { id: "a", now: { status: "x" } },
      { id: "b", now: { status: "y" } },
    ];
    expect(extractFacts([rule], { result: { at: 1_772_366_399, batch: "b-7", rows }, fetchedAt })).toMatchObject([
      { key: "a", path: "$.rows[0].now.status", item: "$.rows[0]", batch: "b-7" },
      { key: "b", path: "$.rows[1].now.status", item: "$.rows[1]", batch: "b-7" },
    ]);
  });

  it("falls back to the version of the whole answer", () => {
    const [fact] = extractFacts([status], { result: { id: "a", status: "x" }, fetchedAt, version: 'W/"3"' });
    expect(fact?.sourceVersion).toBe('W/"3"');
  });

  it.each([
    ["an ISO time with an offset", "2026-03-01T13:00:00+02:00", fetchedAt - 3_600_000],
    ["a space for the T, as databases write it", "2026-03-01 11:00:00.123456Z", fetchedAt - 3_600_000 + 123],
    ["epoch seconds", 1_772_366_400 - 60, fetchedAt - 60_000],
    ["epoch milliseconds", fetchedAt - 60_000, fetchedAt - 60_000],
    ["a time within the skew, which is then now", "2026-03-01T12:00:02Z", fetchedAt],
  ])("reads %s", (_, updatedAt, asOf) => {
    expect(read(status, { id: "a", status: "x", updatedAt })[0]).toEqual(expect.objectContaining({ asOf }));
  });

  it.each([
    ["no as-of", undefined, "as_of_missing"],
    ["a null as-of", null, "as_of_missing"],
    ["a time without offset", "2026-03-01T11:00:00", "as_of_unreadable"],
    ["a date only", "2026-03-01", "as_of_unreadable"],
    ["a date that does not exist", "2026-02-30T11:00:00Z", "as_of_unreadable"],
    ["an hour that does not exist", "2026-02-20T25:00:00Z", "as_of_unreadable"],
    ["an object", { at: 1 }, "as_of_unreadable"],
    ["epoch zero", 0, "as_of_unreadable"],
    ["a future time", "2026-03-01T12:00:03Z", "as_of_future"],
    ["microseconds since the epoch", fetchedAt * 1000, "as_of_future"],
  ])("keeps the value of %s but gives it no age", (_, updatedAt, problem) => {
    const result: Json = { id: "a", status: "x", ...(updatedAt === undefined ? {} : { updatedAt }) };
    expect(read(status, result)).toEqual([{ fact: status.fact, key: "a", value: "x", asOf: undefined, problem }]);
    expect(read({ ...status, authoritative: true }, result)).toEqual([
      { fact: status.fact, key: "a", value: "x", asOf: fetchedAt },
    ]);
  });

  it("keeps to the skew that the rule declares", () => {
    const result = { id: "a", status: "x", updatedAt: "2026-03-01T12:00:30Z" };
    expect(read({ ...status, skew: "1m" }, result)[0]?.asOf).toBe(fetchedAt);
    expect(read({ ...status, skew: "500ms" }, result)[0]?.problem).toBe("as_of_future");
  });

  it("believes an authoritative source that says its answer is older", () => {
    const result = { id: "a", status: "x", updatedAt: "2026-03-01T11:00:00Z" };
    expect(read({ ...status, authoritative: true }, result)[0]?.asOf).toBe(fetchedAt - 3_600_000);
  });

  it.each<[string, YieldRule["type"], Json]>([
    ["a number for a string", "string", { id: "a", status: 1 }],
    ["a null value", "string", { id: "a", status: null }],
    ["no value", "string", { id: "a" }],
    ["a fraction for an integer", "integer", { id: "a", status: 1.5 }],
    ["a text for a boolean", "boolean", { id: "a", status: "true" }],
    ["a null key", "string", { id: null, status: "x" }],
    ["an empty key", "string", { id: "", status: "x" }],
    ["an object as key", "string", { id: {}, status: "x" }],
    ["a key with a control character", "string", { id: "a\nb", status: "x" }],
    ["a key that no index holds", "string", { id: "a".repeat(513), status: "x" }],
    ["an inherited member as key", "string", { status: "x" }],
  ])("marks %s as of the wrong type", (_, type, result) => {
    const rule = { ...status, type, authoritative: true };
    expect(read(rule, result)).toEqual([expect.objectContaining({ problem: "wrong_type", asOf: undefined })]);
  });

  it("stops at its cap", () => {
    const rule: YieldRule = { ...status, each: "$[*]", key: "@", value: "@", type: "integer" };
    const result = Array.from({ length: maxFactsPerResult + 5 }, (_, index) => index);
    expect(extractFacts([rule, rule], { result, fetchedAt })).toHaveLength(maxFactsPerResult);
  });
});

describe("the root of an MCP result", () => {
  const inner = { id: "a", status: "x" };
  const text = { type: "text", text: JSON.stringify(inner) };

  it("is its structured content", () => {
    expect(read(status, { content: [{ type: "text", text: "no" }], structuredContent: inner })[0]?.key).toBe("a");
  });

  it("is else the JSON of its first text", () => {
    expect(read(status, { content: [{ type: "image", data: "" }, text], isError: false })[0]?.key).toBe("a");
  });

  it("is nothing to take facts from when that text is not JSON", () => {
    expect(read(status, { content: [{ type: "text", text: "all is well" }] })[0]?.problem).toBe("wrong_type");
  });

  it("is never looked for in an ordinary answer that only resembles one", () => {
    const page = { content: [text], totalPages: 1 };
    expect(read(status, page)[0]?.problem).toBe("wrong_type");
    expect(extractFacts([status], { result: { content: [text] }, fetchedAt, mcp: false })[0]?.problem).toBe(
      "wrong_type",
    );
  });
});
