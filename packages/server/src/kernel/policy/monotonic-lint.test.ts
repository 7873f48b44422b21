/** The lint that makes escalation safe: an approval can only ever add permission. */
import { policyToJson } from "@cedar-policy/cedar-wasm/nodejs";
import { describe, expect, it } from "vitest";

import { lintPolicy } from "./monotonic-lint.ts";

function lint(text: string): readonly string[] {
  const answer = policyToJson(text);
  if (answer.type === "failure") throw new Error(JSON.stringify(answer.errors));
  return lintPolicy(answer.json).map((complaint) => complaint.code);
}

const forbid = (conditions: string, annotations = '@approver("ops")') =>
  lint(`${annotations} forbid (principal, action, resource) ${conditions};`);
const permit = (conditions: string) => lint(`permit (principal, action, resource) ${conditions};`);
const ops = 'context.env.approvals.contains("ops")';

describe("approvals in a forbid", () => {
  it("may be asked for in unless, alone or joined", () => {
    expect(forbid(`when { context.env.amountMinor > 5 } unless { ${ops} }`)).toEqual([]);
    expect(forbid(`unless { context.env.hourUtc > 3 && (${ops} || context.env.hourUtc < 2) }`)).toEqual([]);
    expect(forbid(`unless { context["env"]["approvals"].contains("ops") }`)).toEqual([]);
  });

  it("may not be asked for where a yes would forbid", () => {
    expect(forbid(`when { ${ops} }`)).toEqual(["approvals_position"]);
    expect(forbid(`when { !${ops} }`)).toEqual(["approvals_position"]);
    expect(forbid(`unless { !${ops} }`)).toEqual(["approvals_position"]);
    expect(forbid(`unless { ${ops} == false }`)).toEqual(["approvals_position"]);
    expect(forbid(`unless { if ${ops} then false else true }`)).toEqual(["approvals_position"]);
    expect(forbid(`unless { [${ops}].contains(false) }`)).toEqual(["approvals_position"]);
    expect(forbid(`unless { {a: ${ops}}.a }`)).toEqual(["approvals_position"]);
  });

  it("may not be used in any other form", () => {
    const form = ["approvals_form", "approver_unused"];
    expect(forbid("unless { context.env.approvals.containsAll([]) }")).toEqual(form);
    expect(forbid("unless { context.env.approvals.isEmpty() }")).toEqual(form);
    expect(forbid('unless { context.env.approvals == ["ops"] }')).toEqual(form);
    expect(forbid("unless { context.env.approvals.contains(context.input.team) }")).toEqual(form);
    expect(forbid('unless { context.env.approvals.contains(["ops"]) }')).toEqual(form);
  });

  it("may not be reached by a way round", () => {
    const whole = ["context_whole", "approver_unused"];
    expect(forbid("unless { context.env == context.env }")).toEqual([
      "context_whole",
      "context_whole",
      "approver_unused",
    ]);
    expect(forbid('unless { (if true then context.env else context.env).approvals.contains("ops") }')).toEqual([
      "context_whole",
      "context_whole",
      "approver_unused",
    ]);
    expect(forbid('unless { {e: context}.e.env.approvals.contains("ops") }')).toEqual(whole);
    expect(forbid("unless { [context.env].isEmpty() }")).toEqual(whole);
    expect(forbid("unless { context == principal }")).toEqual(whole);
  });

  it("must be those of the approver it names, and the other way round", () => {
    expect(forbid("when { true }")).toEqual(["approver_unused"]);
    expect(forbid(`unless { ${ops} }`, "")).toEqual(["approver_missing"]);
    expect(forbid(`unless { ${ops} || context.env.approvals.contains("other") }`)).toEqual(["approver_missing"]);
  });
});

describe("approvals in a permit", () => {
  it("may be asked for in when, and in no way that a yes could take it back", () => {
    expect(permit(`when { ${ops} && context.env.hourUtc > 3 }`)).toEqual([]);
    expect(permit(`unless { ${ops} }`)).toEqual(["approvals_position"]);
    expect(permit(`when { !(true && ${ops}) }`)).toEqual(["approvals_position"]);
  });
});

describe("has", () => {
  it("is no guard inside a forbid, wherever it stands", () => {
    expect(forbid("when { context.input has amount && context.input.amount > 5 }", "")).toEqual(["has_in_forbid"]);
    expect(forbid('when { principal.hasTag("x") || !(context.facts has a.b) }', "")).toEqual([
      "has_in_forbid",
      "has_in_forbid",
    ]);
    expect(permit("when { context.input has amount }")).toEqual([]);
    expect(permit("when { context.env has approvals }")).toEqual(["context_whole"]);
  });
});
