/** What the agents make of answers, and which arguments they send. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readAnswer, recordOf, rowsOf } from "./tool-answer.ts";
import { fillArguments } from "./tool-session.ts";

const says = (text: string, isError = true): Parameters<typeof readAnswer>[0] => ({
  isError,
  content: [{ type: "text", text }],
});

describe("readAnswer", () => {
  it.each([
    ["Not done: crm.account.status changed from active to disputed. Read it again.", "changed"],
    ["Waiting for finance-ops. Pending: repeat the identical call; if a fact changed it is asked again.", "pending"],
    ["Refused: the shipment is under a safety hold.", "refused"],
    ["Refused by a rule. Do not repeat this call unless what it rests on has changed.", "refused"],
    ["HTTP 503 from the payments service", "refused"],
  ])("takes %j as %s", (text, kind) => {
    expect(readAnswer(says(text)).kind).toBe(kind);
  });

  it("takes structured content, or JSON text, as data", () => {
    expect(readAnswer({ structuredContent: { a: 1 } })).toEqual({ kind: "data", data: { a: 1 } });
    expect(readAnswer(says('{"a":1}', false))).toEqual({ kind: "data", data: { a: 1 } });
    expect(readAnswer(says("still pending", false)).kind).toBe("pending");
  });
});

describe("rowsOf and recordOf", () => {
  const row = z.object({ id: z.string() });

  it.each([
    [[{ id: "a" }]],
    [{ accounts: [{ id: "a" }] }],
    [{ rows: [{ id: "a" }] }],
    [{ body: { accounts: [{ id: "a" }] } }],
  ])("finds the rows in %j", (data) => {
    expect(rowsOf(data, "accounts", row)).toEqual([{ id: "a" }]);
  });

  it("leaves out what does not fit, and finds nothing in nothing", () => {
    expect(rowsOf([{ id: 1 }, { id: "b" }], "accounts", row)).toEqual([{ id: "b" }]);
    expect(rowsOf("text", "accounts", row)).toEqual([]);
    expect(rowsOf(undefined, "accounts", row)).toEqual([]);
  });

  it("finds one record bare, wrapped or as the first row", () => {
    for (const data of [{ id: "a" }, { body: { id: "a" } }, { rows: [{ id: "a" }] }, [{ id: "a" }]]) {
      expect(recordOf(data, row)).toEqual({ id: "a" });
    }
    expect(recordOf({ rows: [] }, row)).toBeUndefined();
  });
});

describe("fillArguments", () => {
  const call = { tool: "t", args: { a: 1, b: 2 }, confidence: 0.9, rationale: "why" };

  it("sends only what the schema offers, and states confidence and reason where it asks for them", () => {
    expect(fillArguments({ properties: { a: {} } }, call)).toEqual({ a: 1 });
    const asked = fillArguments({ properties: { a: {}, _confidence: {}, _rationale: {} } }, call);
    expect(asked).toEqual({ a: 1, _confidence: 0.9, _rationale: "why" });
  });

  it("sends all arguments, and nothing of its own, to a tool without a schema", () => {
    expect(fillArguments({}, call)).toEqual({ a: 1, b: 2 });
    expect(fillArguments({ properties: { a: {} }, additionalProperties: {} }, call)).toEqual({ a: 1, b: 2 });
  });
});
