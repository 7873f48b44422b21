/** The view of the control plane: a snapshot that cannot be used is said once and tried ever more rarely. */
import { afterEach, expect, it, vi } from "vitest";

import { type ControlPoller, startControlPoller } from "./control.ts";
import type { Database, Statement } from "./database.ts";

let poller: ControlPoller | undefined;
afterEach(() => poller?.close());

it("says once a version that a snapshot cannot be used, and takes the next good one at once", async () => {
  const live = { tenant: "main", epoch: 1, snapshot_version: 1 };
  let looks = 0;
  const db: Pick<Database, "query"> = {
    query: async <R>({ name, text, values }: Statement) => {
      if (name === "control-poll") {
        looks += 1;
        return [{ ...live, now_ms: Date.now() }] as R[];
      }
      return (text.includes("from snapshots") ? [{ content: `{"digest":"${String(values?.[1])}"}` }] : []) as R[];
    },
  };
  const tried: number[] = [];
  const onFault = vi.fn<(error: unknown) => void>();
  const until = async (more: number): Promise<void> => {
    const from = looks;
    await vi.waitFor(() => expect(looks).toBeGreaterThan(from + more), { timeout: 20_000 });
  };
  poller = await startControlPoller({
    db: db as Database,
    onSnapshot: async ({ version }) => {
      tried.push(version);
      if (version === 2 || version === 4) throw new Error(`version ${version} is bad`);
    },
    onLost: () => undefined,
    onFault,
    pollMs: 2,
  });
  const publish = (version: number): void =>
    void Object.assign(live, { epoch: live.epoch + 1, snapshot_version: version });

  publish(2);
  await until(100);
  expect(onFault).toHaveBeenCalledTimes(1);
  expect(tried.filter((version) => version === 2).length).toBeLessThan(15);
  expect((await poller.view("main")).snapshot.version).toBe(1);

  publish(3);
  await poller.refresh("main");
  expect((await poller.view("main")).snapshot.version).toBe(3);

  publish(4);
  await until(5);
  expect(onFault.mock.calls.map(([error]) => String(error))).toEqual([
    "Error: version 2 is bad",
    "Error: version 4 is bad",
  ]);
  // A stop set meanwhile raises the epoch: tried at once, not said again.
  const before = tried.length;
  publish(4);
  await poller.refresh("main");
  expect(tried.length).toBeGreaterThan(before);
  expect(onFault).toHaveBeenCalledTimes(2);
});
