/** What an upstream says is passed on without our secret and without what no store can keep. */
import { describe, expect, it } from "vitest";

import { cleanAnswer, cleanJson } from "./clean-answer.ts";

const secret = "s3cret-of-ours";

describe("an upstream's answer", () => {
  it("is the same object when there is nothing to clean", () => {
    const result = { a: ["é", "😀", { b: null, c: 1 }], d: "" };
    expect(cleanJson(result, secret)).toBe(result);
  });

  it("loses our secret wherever it is repeated, in names too", () => {
    const result = { [`x-${secret}`]: [`Bearer ${secret}`, { deep: `${secret}${secret}` }] };
    const text = JSON.stringify(cleanAnswer({ kind: "answered", result }, secret));
    expect(text).not.toContain(secret);
    expect(text).toContain('"x-[redacted]":["Bearer [redacted]"');
  });

  it("loses it in details of refusals and doubts", () => {
    const detail = `no: ${secret}`;
    expect(cleanAnswer({ kind: "rejected", code: "x", detail, result: detail }, secret)).toEqual({
      kind: "rejected",
      code: "x",
      detail: "no: [redacted]",
      result: "no: [redacted]",
    });
    expect(cleanAnswer({ kind: "ambiguous", detail }, secret)).toEqual({ kind: "ambiguous", detail: "no: [redacted]" });
  });

  it("keeps a text that holds a very short secret: it would match by chance", () => {
    expect(cleanJson("abc", "b")).toBe("abc");
  });

  it("has U+FFFD for U+0000 and for half a surrogate pair, and keeps whole pairs", () => {
    expect(cleanJson({ "a\0": "b\ud83dc", d: "\ude00 😀" }, undefined)).toEqual({
      "a\ufffd": "b\ufffdc",
      d: "\ufffd 😀",
    });
  });
});
