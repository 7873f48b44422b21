/** Tests that every finding code is found where it belongs, and that nothing else is found there. */
import { readdirSync, readFileSync } from "node:fs";

import type { ConfigFile } from "@airworthy/contract";
import { describe, expect, test } from "vitest";

import { checkFiles } from "./compile.ts";
import { findingCodes } from "./finding-codes.ts";
import { adoptPolicyFinding } from "./policy-findings.ts";

type Spot = {
  readonly code: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
};
type Case = {
  readonly code: string;
  readonly name: string;
  readonly files: readonly ConfigFile[];
  readonly spots: readonly Spot[];
};

const folder = new URL("./fixtures/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");

function splitFiles(text: string): ConfigFile[] {
  const [, ...parts] = text.split(/^--- (?=\S+\n)/m);
  return parts.map((part) => ({ path: part.slice(0, part.indexOf("\n")), text: part.slice(part.indexOf("\n") + 1) }));
}

function readCase(text: string): Case {
  const [, code = "", name = ""] = /^(AW[\dAW+]+) (.*)/.exec(text) ?? [];
  const spots: Spot[] = [];
  const files = splitFiles(text).map(({ path, text: marked }) => {
    for (const [index, line] of marked.split("\n").entries()) {
      let shift = 0;
      for (const match of line.matchAll(/⟦([^⟧]*)⟧/g)) {
        const length = (match[1] ?? "").length;
        const place = { line: index + 1, column: match.index - shift + 1, length };
        for (const one of code.split("+")) spots.push({ code: one, file: path, ...place });
        shift += 2;
      }
    }
    return { path, text: marked.replaceAll(/[⟦⟧]/g, "") };
  });
  const base = code < "AW11" ? [] : splitFiles(read("base.txt"));
  return { code, name, files: [...base, ...files], spots };
}

const cases = readdirSync(folder)
  .filter((name) => /^AW\d\d\.txt$/.test(name))
  .flatMap((name) => read(name).split(/^=== /m).slice(1).map(readCase));

describe("findings", () => {
  test.concurrent.each(cases.map((one) => [`${one.code} ${one.name}`, one] as const))(
    "%s",
    async (_, { files, spots }) => {
      const findings = await checkFiles(files);
      expect(findings.map(({ code, file, line, column, length }) => ({ code, file, line, column, length }))).toEqual(
        spots,
      );
    },
  );

  test("the base of the cases is clean", async () => {
    expect(await checkFiles(splitFiles(read("base.txt")))).toEqual([]);
  });

  test("AW1002: too large, too many", async () => {
    const person = "apiVersion: airworthy/v1\nkind: Person\nname: maria\nroles: [viewer]\n";
    const large = await checkFiles([{ path: "a.yaml", text: `${person}#${"x".repeat(1_048_576)}` }]);
    expect(large.map(({ code, file }) => [code, file])).toEqual([["AW1002", "a.yaml"]]);
    const many = await checkFiles(Array.from({ length: 2_001 }, (_, index) => ({ path: `${index}.yaml`, text: "" })));
    expect(many.map(({ code, file }) => [code, file])).toEqual([["AW1002", "2000.yaml"]]);
  });

  test("AW1004: too deep for a parser that recurses", async () => {
    for (const text of ["[".repeat(60_000), "- ".repeat(60_000), "a: ".repeat(20_000), "{a: ".repeat(20_000)]) {
      const findings = await checkFiles([{ path: "a.yaml", text }]);
      expect(findings.map(({ code, line, column }) => [code, line, column])).toEqual([["AW1004", 1, 1]]);
    }
  });

  test("AW1016: a path twice", async () => {
    const findings = await checkFiles([
      { path: "a.yaml", text: "" },
      { path: "a.yaml", text: "" },
    ]);
    expect(findings.map(({ code }) => code)).toEqual(["AW1016"]);
  });

  test("AW1516 and AW1517: more policies than can be judged", async () => {
    const policy = (id: string): string => `@id("${id}")\npermit (principal, action, resource);\n`;
    const large = await checkFiles([{ path: "a.cedar", text: `${policy("a")}//${"x".repeat(1_000_000)}` }]);
    expect(large.map(({ code }) => code)).toEqual(["AW1516"]);
    const many = await checkFiles(
      Array.from({ length: 11 }, (_, file) => ({
        path: `${file}.cedar`,
        text: Array.from({ length: 1_000 }, (__, index) => policy(`p${file}-${index}`)).join(""),
      })),
    );
    expect(many.map(({ code }) => code)).toContain("AW1517");
  });

  test("AW1500, AW1514 and AW1522: what the engine says without a place", () => {
    const finding = { severity: "error", file: "a.cedar", line: 1, column: 1, length: 0, message: "m" } as const;
    expect(adoptPolicyFinding({ ...finding, code: "something_new" })).toMatchObject({ code: "AW1500", length: 1 });
    expect(adoptPolicyFinding({ ...finding, code: "policy_template" })).toMatchObject({ code: "AW1514" });
    expect(adoptPolicyFinding({ ...finding, code: "policy_check_died" })).toMatchObject({ code: "AW1522", length: 1 });
  });

  test("every code has a case", () => {
    const apart = ["AW1002", "AW1016", "AW1500", "AW1514", "AW1516", "AW1517", "AW1522"];
    const covered = new Set([...cases.flatMap((one) => one.code.split("+")), ...apart]);
    expect(Object.keys(findingCodes).filter((code) => !covered.has(code))).toEqual([]);
  });
});
