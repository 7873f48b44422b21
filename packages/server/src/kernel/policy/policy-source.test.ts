/** Reading .cedar text: places, limits, annotations, digests and heads. */
import { policySetTextToParts } from "@cedar-policy/cedar-wasm/nodejs";
import { describe, expect, it } from "vitest";

import { readPolicies } from "./policy-fixtures.ts";
import { parsePolicies } from "./policy-source.ts";
import { textLimits } from "./policy-text.ts";

const parse = (text: string, limits = textLimits) => parsePolicies([{ path: "a.cedar", text }], limits);
const rule = (condition: string, id = "one") =>
  `@id("${id}") permit (principal, action, resource) when { ${condition} };`;

describe("places", () => {
  it("names the file, line and column where each policy begins, past comments and other policies", () => {
    const text = `// a comment; with "marks {\r\n  @id("one") permit (principal, action, resource); @id("two")\nforbid (principal, action, resource);`;
    expect(readPolicies(text).map(({ id, line, column }) => ({ id, line, column }))).toEqual([
      { id: "one", line: 2, column: 3 },
      { id: "two", line: 2, column: 52 },
    ]);
  });

  it("points into the line in UTF-16 units although Cedar counts bytes", () => {
    const [finding] = parse(`// é🙂\n@id("a") @title("é🙂é")\npermit (principal, action == , resource);`).findings;
    expect(finding).toMatchObject({ code: "policy_syntax", line: 3, column: 30, length: 1, file: "a.cedar" });
    const [inline] = parse(`@id("a") @title("é🙂é") permit (principal, action == , resource);`).findings;
    expect(inline).toMatchObject({ line: 1, column: 54 });
  });

  it("hands on Cedar's own help", () => {
    const [finding] = parse(rule("contxt")).findings;
    expect(finding?.message).toBe("invalid variable: contxt");
    expect(finding?.hint).toContain("the valid Cedar variables are");
  });

  it("splits a text into the policies that Cedar sees", () => {
    const text = [
      rule('context.input.query == "a;b\\"; // no"'),
      "// x ; y",
      rule("true", "two"),
      '@id("three")forbid(principal,action,resource);',
    ].join("\n");
    const parts = policySetTextToParts(text);
    const ours = readPolicies(text).map((policy) => policy.text);
    expect(parts.type === "success" && parts.policies).toEqual(ours);
  });

  it("keeps the other policies when one cannot be read", () => {
    const { policies, findings } = parse(`${rule("(", "broken")}\n${rule("true", "whole")}`);
    expect(policies.map(({ id }) => id)).toEqual(["whole"]);
    expect(findings.map(({ line }) => line)).toEqual([1]);
  });
});

describe("limits, before Cedar sees the text", () => {
  const code = (text: string) => parse(text).findings.map((finding) => finding.code);

  it("refuses nested brackets past the limit and takes those at it", () => {
    const nested = (depth: number) => rule(`${"(".repeat(depth)}true${")".repeat(depth)}`);
    expect(code(nested(59))).toEqual([]);
    expect(code(nested(60))).toEqual(["policy_too_complex"]);
    expect(code(nested(10_000))).toEqual(["policy_too_complex"]);
  });

  it("does not count brackets in strings and comments, and is not fooled about where those end", () => {
    const many = "(".repeat(500);
    expect(code(rule(`"${many}" == "\\"${many}"`))).toEqual([]);
    expect(code(`// ${many}\n${rule("true")}`)).toEqual([]);
    // A carriage return ends a comment for Cedar; to take it for part of the comment would hide what follows.
    expect(code(`// x\r${rule(`${many}true`)}`)).toEqual(["policy_too_complex"]);
  });

  it("refuses chains that validate well and kill the engine only when they are evaluated", () => {
    expect(code(rule(`${"context.env.repeats + ".repeat(140)}1 == 1`))).toEqual([]);
    expect(code(rule(`${"context.env.repeats + ".repeat(160)}1 == 1`))).toEqual(["policy_too_complex"]);
    expect(code(rule(`${"1 + ".repeat(2_000)}1 == 1`))).toEqual(["policy_too_complex"]);
    expect(code(rule(`${"if true then true else ".repeat(101)}true`))).toEqual(["policy_too_complex"]);
    expect(code(rule(`${"true } when { ".repeat(200)}true`))).toEqual(["policy_too_complex"]);
  });

  it("refuses large files, too many policies and strings without an end", () => {
    expect(code(`// ${"x".repeat(256 * 1024)}`)).toEqual(["policy_too_large"]);
    const few = { ...textLimits, policies: 2 };
    expect(parse([1, 2, 3].map((n) => rule("true", `p${n}`)).join(""), few).findings.map((f) => f.code)).toEqual([
      "policy_too_many",
    ]);
    expect(parse(rule('"')).findings).toMatchObject([
      { code: "policy_syntax", message: "this string is never closed" },
    ]);
  });
});

describe("annotations", () => {
  const complaints = (head: string, effect = "forbid") =>
    parse(`${head} ${effect} (principal, action, resource);`).findings.map(({ code, column }) => `${code}@${column}`);

  it("takes the whole vocabulary", () => {
    expect(
      complaints('@id("a") @title("t") @mode("shadow") @approver("ops") @ttl("P1DT30M") @oversight("in-the-loop")'),
    ).toEqual([]);
    expect(
      complaints(`@id("a") @mode("enforce") @rationale("required") @mask("$.a.b, $.c[0], $['d e']")`, "permit"),
    ).toEqual([]);
  });

  it("refuses everything else, and points at it", () => {
    expect(complaints('@id("a") @advice("x")')).toEqual(["annotation_unknown@10"]);
    expect(complaints('@title("a")')).toEqual(["policy_id_missing@1"]);
    expect(complaints('@id("")')).toEqual(["annotation_value@1"]);
    expect(complaints('@id("a") @mode("off")')).toEqual(["annotation_value@10"]);
    expect(complaints('@id("a") @approver("ops")', "permit")).toEqual(["annotation_misplaced@10"]);
    expect(complaints('@id("a") @rationale("required")')).toEqual(["annotation_misplaced@10"]);
    expect(complaints('@id("a") @ttl("PT30M")')).toEqual(["annotation_misplaced@10"]);
    for (const ttl of ["30m", "PT", "P", "PT0M", "P1M"]) {
      expect(complaints(`@id("a") @approver("ops") @ttl("${ttl}")`)).toEqual(["annotation_value@27"]);
    }
    for (const mask of ["a.b", "$", "$.a,,$.b", "$.a b"]) {
      expect(complaints(`@id("a") @mask("${mask}")`, "permit")).toEqual(["annotation_value@10"]);
    }
  });

  it("says which annotation was probably meant", () => {
    expect(parse('@id("a") @aprover("x") forbid (principal, action, resource);').findings[0]?.hint).toBe(
      "did you mean @approver?",
    );
  });

  it("refuses an id that is used twice, and says where it was first", () => {
    const { findings } = parsePolicies([
      { path: "a.cedar", text: rule("true") },
      { path: "b.cedar", text: rule("false") },
    ]);
    expect(findings).toMatchObject([
      { code: "policy_id_taken", file: "b.cedar", message: '@id("one") is already used at a.cedar:1' },
    ]);
  });
});

describe("what a policy is read as", () => {
  it("has a digest that layout and comments leave alone and every word changes", () => {
    const digest = (text: string) => readPolicies(text)[0]?.digest;
    const plain = digest('@id("a") permit(principal,action,resource) when { 1+1 == 2 };');
    expect(plain).toMatch(/^[0-9a-f]{64}$/);
    expect(digest('@id( "a" )\n// why\npermit (principal, action, resource)\nwhen { 1 + 1 == 2 };')).toBe(plain);
    expect(digest('@id("a") permit(principal,action,resource) when { 1+1 == 3 };')).not.toBe(plain);
    expect(digest('@id("a") permit(principal,action,resource) when { "1 +1" == "2" };')).not.toBe(
      digest('@id("a") permit(principal,action,resource) when { "1+ 1" == "2" };'),
    );
  });

  it("knows the heads by which policies are picked", () => {
    const [one, two] = readPolicies(`
      @id("one") @mode("shadow") forbid (principal in Airworthy::Fleet::"f", action == Airworthy::Action::"a.b", resource is Airworthy::Tool in Airworthy::System::"s");
      @id("two") permit (principal, action in [Airworthy::Action::"read", Airworthy::Action::"x"], resource == Airworthy::Tool::"x");`);
    expect(one).toMatchObject({
      effect: "forbid",
      mode: "shadow",
      head: {
        principal: { op: "in", entity: { type: "Airworthy::Fleet", id: "f" } },
        action: { op: "==", entity: { type: "Airworthy::Action", id: "a.b" } },
        resource: { op: "is", type: "Airworthy::Tool", within: { type: "Airworthy::System", id: "s" } },
      },
    });
    expect(two).toMatchObject({
      mode: "enforce",
      head: {
        action: { op: "in", entities: [{ id: "read" }, { id: "x" }] },
        resource: { op: "==", entity: { type: "Airworthy::Tool", id: "x" } },
      },
    });
  });

  it("refuses templates", () => {
    const { findings } = parse('@id("t") permit (principal == ?principal, action, resource);');
    expect(findings[0]?.message).toContain("template");
  });
});
