/** Tests of what is found in JSON and taken out of it: nothing that a rule is about is left, wherever it stands. */
import type { Json } from "@airworthy/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { carriedForms } from "./carried-forms.ts";
import { type Classifying, classifyJson } from "./classify-json.ts";
import { findTokens, writeToken } from "./data-token.ts";
import { compileField } from "./field-pattern.ts";
import { treatJson, type Treated } from "./treat-json.ts";

const name = "Aurelia Quist";
const forms = new Map(carriedForms(name).map((form) => [form, ["pii.name"]] as const));
const looking: Classifying = {
  declared: [{ class: "pii.name", matches: compileField("$.person") }],
  custom: [],
  carried: (asked) => Promise.resolve(new Map([...forms].filter(([form]) => asked.includes(form)))),
};

async function treat(root: Json, act: "mask" | "tokenise" = "mask"): Promise<Treated> {
  return treatJson(root, await classifyJson(root, looking), {
    at: "result",
    treat: (one) => (one.startsWith("pii") ? { do: act, rule: "r" } : undefined),
    tokenise: (values) =>
      Promise.resolve(values.map((one) => writeToken(one.class, Buffer.alloc(17, JSON.stringify(one.value))))),
    guarded: true,
  });
}

describe("a value that is carried", () => {
  it("is taken out of fields, lists, names of members and texts, whatever stands around it", async () => {
    const place = fc.constantFrom(name, name.toUpperCase(), `Dear ${name}, hello`, `(${name})`, `x ${name}`);
    const tree = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        place,
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(fc.oneof(fc.string(), place), tie("tree"), { maxKeys: 4 }),
      ),
    })).tree;
    await fc.assert(
      fc.asyncProperty(tree, async (root) => {
        const { value } = await treat({ root });
        expect(JSON.stringify(value).toLowerCase()).not.toContain("quist");
      }),
    );
  });

  it("is not shown where there is more than is compared, and neither is what follows", async () => {
    const words = Array.from({ length: 6000 }, (_, at) => `word${at}`).join(" ");
    const { value, uses } = await treat({ long: words, late: `and ${name}`, last: name });
    expect(JSON.stringify(value)).not.toContain("Quist");
    expect(uses.map((use) => use.class)).toContain("unsearched");
  });
});

describe("a declared field", () => {
  it("is taken out with all below it, numbers and truths as well, and only there", async () => {
    const { value } = await treat({ person: { name: "Jo", age: 4, tags: ["a", true, null] }, other: { age: 4 } });
    const hidden = "[masked: pii.name]";
    expect(value).toEqual({
      person: { name: hidden, age: hidden, tags: [hidden, hidden, hidden] },
      other: { age: 4 },
    });
  });

  it("keeps its facts behind a token and loses them behind a mask", async () => {
    const root = { person: "Jo Doe", id: 1 };
    expect((await treat(root, "tokenise")).kept).toEqual(root);
    expect((await treat(root)).kept).toEqual({ person: "[masked: pii.name]", id: 1 });
  });
});

describe("a token", () => {
  it("is found again in any text, and nothing else is", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 17, maxLength: 32 }),
        fc.string(),
        fc.string(),
        (digest, before, after) => {
          const token = writeToken("pii.national_id.us", digest);
          const text = `${before} ${token}.${after}`;
          expect(findTokens(text).map((place) => place.token)).toContain(token);
        },
      ),
    );
    for (const text of ["tok_", "tok_pii-name_short", `tok_pii-name_${"0".repeat(27)}`, `tok_Pii_${"0".repeat(26)}`]) {
      expect(findTokens(text)).toEqual([]);
    }
  });
});
