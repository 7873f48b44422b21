/** Background work: a failing tenant stops no other, and failures that pass by themselves are said once they do not pass. */
import { AirworthyError } from "@airworthy/contract";
import { describe, expect, it, vi } from "vitest";

import { eachTenant, startLoop } from "./start-background.ts";
import type { Database } from "./store/database.ts";

const away = (): AirworthyError => new AirworthyError("unavailable", "away", { retryable: true });
const logOf = () => ({ error: vi.fn<(about: object, message: string) => void>() });
const db: Pick<Database, "query"> = {
  query: async <R>() => ["a", "b", "c"].map((tenant) => ({ tenant })) as R[],
};

describe("each tenant", () => {
  it("has its turn when one before it fails, and the failure is logged with its name", async () => {
    const log = logOf();
    const done: string[] = [];
    const error = new Error("a bad row");
    await eachTenant({ db, log: log as never }, async (tenant) => {
      if (tenant === "a") throw error;
      done.push(tenant);
    });
    expect(done).toEqual(["b", "c"]);
    expect(log.error.mock.calls).toEqual([[{ err: error, tenant: "a" }, "background work failed"]]);
  });

  it("has its turn when the store was away for one before it, which is then told to the caller", async () => {
    const log = logOf();
    const done: string[] = [];
    const work = eachTenant({ db, log: log as never }, async (tenant) => {
      if (tenant === "b") throw away();
      done.push(tenant);
    });
    await expect(work).rejects.toMatchObject({ code: "unavailable" });
    expect(done).toEqual(["a", "c"]);
    expect(log.error).not.toHaveBeenCalled();
  });
});

describe("a loop", () => {
  /** Runs until the work has been called as often as it has outcomes; the last call waits for the end. */
  async function runThrough(outcomes: readonly (Error | undefined)[]) {
    const log = logOf();
    let calls = 0;
    const loop = startLoop({
      name: "test",
      everyMs: 0,
      log: log as never,
      work: async (signal) => {
        calls += 1;
        const outcome = outcomes[calls - 1];
        if (outcome) throw outcome;
        if (calls > outcomes.length) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    });
    await vi.waitFor(() => expect(calls).toBe(outcomes.length + 1), { timeout: 10_000 });
    await loop.stop();
    return log.error.mock.calls.map(([, message]) => message);
  }
  const times = (count: number, error: Error | undefined) => Array.from({ length: count }, () => error);

  it("says once that it keeps failing quietly, and again only after it has worked in between", async () => {
    expect(await runThrough(times(9, away()))).toEqual([]);
    expect(await runThrough(times(25, away()))).toEqual(["background work failed 10 times in a row"]);
    expect(await runThrough([...times(9, away()), undefined, ...times(9, away())])).toEqual([]);
    expect(await runThrough([...times(10, away()), undefined, ...times(10, away())])).toHaveLength(2);
  });

  it("says every other failure, and goes on", async () => {
    expect(await runThrough(times(3, new Error("ours")))).toEqual(
      times(3, undefined).map(() => "background work failed"),
    );
  });
});
