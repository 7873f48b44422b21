/** Tests of the strict JSON reader: it agrees with JSON.parse on all it accepts, and says where it refuses. */
import { isDeepStrictEqual } from "node:util";

import { AirworthyError } from "@airworthy/contract";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { asJsonObject, isJsonObject, parseJsonStrict } from "./json.ts";
import type { JsonLimits } from "./json.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function attempt(input: string | Uint8Array, limits?: JsonLimits): { value?: unknown; error?: AirworthyError } {
  try {
    return { value: parseJsonStrict(typeof input === "string" ? bytes(input) : input, limits) };
  } catch (error) {
    if (error instanceof AirworthyError) return { error };
    throw error;
  }
}

function failure(input: string | Uint8Array, limits?: JsonLimits): AirworthyError {
  const { error } = attempt(input, limits);
  if (error === undefined) throw new Error("it was accepted");
  return error;
}

describe("parseJsonStrict", () => {
  it("reads what JSON.parse reads", () => {
    const text = ' {"a":[1,-2.5e3,true,null,"x\\n\\"\\u00e9\\ud83d\\ude00"],"é":{"":0.1},"b":9007199254740991} ';
    expect(parseJsonStrict(bytes(text))).toEqual(JSON.parse(text));
    expect(parseJsonStrict(bytes("7"))).toBe(7);
  });

  it.each([
    ["an integer beyond 2^53-1", '{"id":[1,9007199254740993]}', "$.id[1]"],
    ["a number that overflows", '{"a":1e400}', "$.a"],
    ["a negative number that overflows", "-1e400", "$"],
    ["a huge literal", `[${"9".repeat(400)}]`, "$[0]"],
    ["__proto__", '{"a":{"__proto__":{"admin":true}}}', "$.a.__proto__"],
    ["an escaped __proto__", '{"\\u005f_proto__":1}', "$.__proto__"],
    ["constructor", '[{"constructor":1}]', "$[0].constructor"],
    ["prototype", '{"prototype":1}', "$.prototype"],
    ["a Cedar entity", '{"u":{"__entity":{"type":"User","id":"root"}}}', "$.u.__entity"],
    ["a Cedar extension", '{"__extn":1}', "$.__extn"],
    ["a Cedar expression", '{"__expr":"1"}', "$.__expr"],
    ["half of a surrogate pair", '{"a b":"\\ud800"}', '$["a b"]'],
    ["U+0000", '{"a":["b","c\\u0000"]}', "$.a[1]"],
    ["U+0000 in a name", '{"a":{"b\\u0000":1}}', '$.a["b\\u0000"]'],
    ["the other half", '["\\uDC00x"]', "$[0]"],
    ["half of a pair in a name", '{"\\uD800":1}', '$["\\ud800"]'],
    ["deep nesting", "[".repeat(65) + "]".repeat(65), "byte 64"],
    ["a comma too many", '{"a":1,}', "byte 7"],
    ["an open string", '{"é":"x', "byte 6"],
    ["nothing", "", "byte 0"],
    ["two texts", "1 2", "byte 2"],
    ["a leading zero", "[01]", "byte 2"],
    ["a byte order mark", "\uFEFF{}", "byte 0"],
    ["a raw control character", '["\u0001"]', "byte 1"],
  ])("refuses %s and names the place", (_, text, place) => {
    const error = failure(text);
    expect(error).toMatchObject({ code: "invalid_json", place, retryable: false });
    expect(error.fix).toBeTruthy();
  });

  it.each(['{"a":1,"a":2}', '{"a":{"b":1},"a":3}', '[{"x":1},{"a":1,"\\u0061":1}]', '{"a":{"k":1,"k":1}}'])(
    "refuses names given twice: %s",
    (text) => expect(failure(text).message).toContain("same name twice"),
  );

  it("takes colons and brackets inside strings for what they are", () => {
    const text = '{"a":"{\\"b\\":[[[:::\\\\","c:":"]"}';
    expect(parseJsonStrict(bytes(text), { maxDepth: 1, maxKeys: 2 })).toEqual(JSON.parse(text));
  });

  it("refuses invalid UTF-8, also the six-byte form of a surrogate pair", () => {
    expect(failure(Uint8Array.of(0x22, 0xff, 0x22)).message).toContain("UTF-8");
    expect(failure(Uint8Array.of(0x22, 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80, 0x22)).message).toContain("UTF-8");
    expect(failure(Uint8Array.of(0x22, 0xc0, 0xaf, 0x22)).message).toContain("UTF-8");
  });

  it("keeps to its limits", () => {
    expect(failure('"12345"', { maxBytes: 6 }).code).toBe("too_large");
    expect(failure('{"a":1,"b":{"c":1}}', { maxKeys: 2 }).message).toContain("2 members");
    expect(failure("[[[]]]", { maxDepth: 2 }).place).toBe("byte 2");
    expect(parseJsonStrict(bytes("[[]]"), { maxDepth: 2 })).toEqual([[]]);
  });

  it("takes an escaped backslash before u0000 for what it is", () => {
    expect(parseJsonStrict(bytes('{"a":"\\\\u0000"}'))).toEqual({ a: "\\u0000" });
  });

  it("reads only its own part of a shared buffer", () => {
    const all = bytes('xx{"a":1}yy');
    expect(parseJsonStrict(all.subarray(2, 9))).toEqual({ a: 1 });
  });

  it("never repeats a value of the input in an error", () => {
    const secret = "hunter2-hunter2";
    const texts = [`{"password":"${secret}`, `{"p":"${secret}","p":1}`, `["${secret}" 1]`, `["${secret}\\ud800"]`];
    for (const text of texts) {
      const { message, place, fix, cause } = failure(text);
      expect(`${message} ${place} ${fix} ${String(cause)}`).not.toContain("hunter2");
    }
  });

  it("leaves Object.prototype alone", () => {
    failure('{"__proto__":{"polluted":true}}');
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("equals JSON.parse on all it accepts, whatever the spacing", () => {
    const promised = /beyond 2\^53|surrogate|reserved|U\+0000/;
    const holds = (text: string): boolean => {
      const read = attempt(text);
      if (read.error !== undefined) return promised.test(read.error.message);
      return isDeepStrictEqual(read.value, JSON.parse(text));
    };
    const value = fc.jsonValue({ maxDepth: 6 });
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2, "\t"), (json, indent) => holds(JSON.stringify(json, null, indent))),
      { numRuns: 2000 },
    );
  });

  it("accepts nothing that JSON.parse refuses, and fails in no other way", () => {
    const signs = ["{", "}", "[", "]", ":", ",", '"a"', '"b"', "1", "-0", "1e5", "0.5", "null", " ", '"\\'];
    const soup = fc.array(fc.constantFrom(...signs), { maxLength: 14 }).map((parts) => parts.join(""));
    const holds = (text: string): boolean => {
      const read = attempt(text);
      if (read.error === undefined) return isDeepStrictEqual(read.value, JSON.parse(text));
      return read.error.place !== undefined || read.error.message.includes("same name twice");
    };
    fc.assert(fc.property(fc.oneof(soup, fc.string({ unit: "binary", maxLength: 20 })), holds), { numRuns: 5000 });
  });
});

describe("asJsonObject", () => {
  it("lets objects through and names the place of anything else", () => {
    expect(asJsonObject({ a: 1 })).toEqual({ a: 1 });
    expect(() => asJsonObject([], "$.params")).toThrowError(expect.objectContaining({ place: "$.params" }) as Error);
    expect([null, [], "x", undefined, {}].map(isJsonObject)).toEqual([false, false, false, false, true]);
  });
});
