/** The call that takes an action back: filled from what is known, and not at all from what was hidden before it was kept. */
import type { ActionRecord, DataUse, GovernedTool, Json } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import { writeToken } from "./classes/data-token.ts";
import { describeCompensation } from "./describe-compensation.ts";

const token = writeToken("pii.email", Buffer.alloc(32, 7));
const tool = {
  definition: { compensate: { tool: "pay.cancel", with: { id: "$result.id", to: "$.to" } } },
} as unknown as GovernedTool;
const use = (did: DataUse["did"], at: DataUse["at"] = "result"): DataUse => ({
  at,
  path: "$.id",
  class: "pii.email",
  how: "declared",
  did,
  count: 1,
});
const recordOf = (result: Json, data: readonly DataUse[] = []): ActionRecord =>
  ({ id: "act_1", status: "done", arguments: { to: "ann" }, result, data }) as unknown as ActionRecord;
const call = (record: ActionRecord, mask: readonly string[] = []) =>
  describeCompensation({ record, mask }, tool, "compensate");

describe("a compensation", () => {
  it("is filled from arguments and result", () => {
    expect(call(recordOf({ id: "r-1" }))).toEqual({ tool: "pay.cancel", arguments: { id: "r-1", to: "ann" } });
    const elsewhere = recordOf({ id: "r-1", note: token }, [use("tokenised")]);
    expect(call(elsewhere)).toMatchObject({ arguments: { id: "r-1" } });
  });

  it.each([
    ["a mask", "[masked: pii.email]", use("masked")],
    ["a token", token, use("tokenised")],
    ["a token inside a text", `ref ${token}`, use("tokenised")],
  ])("is for a person where its value was kept as %s", (_, id, data) => {
    expect(call(recordOf({ id }, [data]))).toEqual({
      tool: "pay.cancel",
      missing: "$result.id was masked by a data rule and is not known.",
    });
  });

  it("is filled with what only looks so, where nothing of the result was hidden", () => {
    expect(call(recordOf({ id: token }, [use("none"), use("tokenised", "arguments")]))).toMatchObject({
      arguments: { id: token },
    });
  });

  it("is for a person where a policy hid the value, or the result was not kept", () => {
    expect(call(recordOf({ id: null }), ["$.id"])).toHaveProperty("missing");
    expect(call(recordOf(null))).toHaveProperty("missing");
  });
});
