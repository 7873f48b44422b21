/** What is sealed opens only whole, in its place and under its tenant's key. */
import { describe, expect, it } from "vitest";

import { createValueCipher } from "./value-cipher.ts";

const key = Buffer.alloc(32, 1);
const cipher = createValueCipher(key);

describe("a sealed text", () => {
  const sealed = cipher.seal({ t: ["secret"] }, "place");

  it("does not show what it holds, and opens to it", () => {
    expect(sealed.toString("latin1")).not.toContain("secret");
    expect(cipher.open(sealed, "place")).toEqual({ t: ["secret"] });
  });

  it("is different each time", () => {
    expect(cipher.seal({ t: ["secret"] }, "place").equals(sealed)).toBe(false);
  });

  it.each([
    ["at another place", sealed, "elsewhere", key],
    ["under another tenant's key", sealed, "place", Buffer.alloc(32, 2)],
    ["when a bit was changed", Buffer.from(sealed.map((byte, at) => (at === 30 ? byte ^ 1 : byte))), "place", key],
    ["when its end is missing", sealed.subarray(0, -1), "place", key],
    ["when nothing is there", Buffer.alloc(0), "place", key],
  ])("does not open %s", (_, bytes, place, tenantKey) => {
    expect(createValueCipher(tenantKey).open(bytes, place)).toBeUndefined();
  });
});

describe("a digest", () => {
  it("is equal for equal values of one tenant and for no others", () => {
    expect(cipher.digest("t:a")).toEqual(cipher.digest("t:a"));
    expect(cipher.digest("t:a")).not.toEqual(cipher.digest("t:b"));
    expect(createValueCipher(Buffer.alloc(32, 2)).digest("t:a")).not.toEqual(cipher.digest("t:a"));
  });
});
