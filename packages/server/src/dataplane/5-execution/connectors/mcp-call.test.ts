/** Tests of what is kept of a server's lists: good ones for a while, failures shortly. */
import { expect, test } from "vitest";

import { cached } from "./mcp-call.ts";

test("a value is fetched again after 30 s, a failure after 5 s, and concurrent readers share one fetch", async () => {
  const seen = { nowMs: 0, fetches: 0, isDown: true };
  const fetch = async (): Promise<number> => {
    seen.fetches += 1;
    if (seen.isDown) throw new Error("down");
    return seen.fetches;
  };
  const list = cached(fetch, () => seen.nowMs);
  await Promise.allSettled([list.get(), list.get()]);
  seen.nowMs = 4_999;
  await expect(list.get()).rejects.toThrow("down");
  expect(seen.fetches).toBe(1);
  seen.isDown = false;
  seen.nowMs = 5_000;
  expect(await list.get()).toBe(2);
  seen.nowMs = 34_999;
  expect(await list.get()).toBe(2);
  list.clear();
  expect(await list.get()).toBe(3);
});
