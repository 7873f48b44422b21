/** A file is whole no sooner than what its sender puts beside it. */
import type { FileConnector } from "@airworthy/contract";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { Quiet } from "../quiet-files.ts";
import { chooseFiles } from "./choose-files.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

it("what stands beside it must be quiet as well, and shows when it changes", async () => {
  const connector = { files: "*.csv", whole: { checksum: ".sum", stable: "10s" } } as unknown as FileConnector;
  const stamps = new Map([
    ["a.csv", "1"],
    ["a.csv.sum", "1"],
  ]);
  const quiet: Quiet = new Map();
  const look = async (name: string) => {
    const stamp = stamps.get(name);
    return stamp === undefined ? undefined : { bytes: 1, stamp, writtenAt: 0 };
  };
  const choose = () => chooseFiles(connector, { names: new Set(stamps.keys()), look, quiet });
  expect(await choose()).toEqual({ files: [], resting: true });
  vi.advanceTimersByTime(9000);
  stamps.set("a.csv.sum", "2");
  expect(await choose()).toEqual({ files: [], resting: true });
  vi.advanceTimersByTime(9000);
  expect(await choose()).toEqual({ files: [], resting: true });
  vi.advanceTimersByTime(1000);
  const before = await choose();
  expect(before).toMatchObject({ files: [{ name: "a.csv", stamp: "1" }], resting: false });
  stamps.set("a.csv.sum", "3");
  await choose();
  vi.advanceTimersByTime(10_000);
  const after = await choose();
  expect(after.files[0]?.stamp).toBe("1");
  expect(after.files[0]?.sides).not.toBe(before.files[0]?.sides);
});
