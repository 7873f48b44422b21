/** Tests of the canonical form against the vectors of RFC 8785 and of SHA-256. */
import * as fc from "fast-check";
import { expect, it } from "vitest";

import { canonicalJson, digestJson, sha256Hex } from "./canonical.ts";

it("writes the RFC's example as the RFC does", () => {
  const value = {
    numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/",
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

it("sorts names by UTF-16 code units, as the RFC's second example asks", () => {
  const value = { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7 };
  expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
});

it("gives equal values equal texts, whatever order their members came in", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const reversed = Object.fromEntries(Object.entries(object).toReversed());
      expect(canonicalJson(reversed as never)).toBe(canonicalJson(object as never));
      expect(JSON.parse(canonicalJson(object as never))).toEqual(JSON.parse(JSON.stringify(object)));
    }),
  );
});

it("refuses what JSON does not have and drops members that are undefined", () => {
  expect(() => canonicalJson(Number.NaN)).toThrowError(/JSON form/);
  expect(() => canonicalJson([undefined] as never)).toThrowError(/JSON form/);
  expect(canonicalJson({ a: undefined, b: -0 } as never)).toBe('{"b":0}');
});

it("digests text and bytes alike", () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(sha256Hex("abc")).toBe(abc);
  expect(sha256Hex(Uint8Array.of(97, 98, 99))).toBe(abc);
  expect(digestJson({ b: 1, a: 2 })).toBe(`sha256:${sha256Hex('{"a":2,"b":1}')}`);
});
