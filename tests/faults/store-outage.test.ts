/** The store goes away while the server lives: nothing is done in the dark, every caller is told, and it heals by itself. */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { launchDatabase } from "../../packages/server/src/store/launcher.ts";
import { databaseOf } from "../support/faults-process.ts";
import { actionOf, type Node, startNode, untilStatus } from "../support/faults-node.ts";

let node: Node;
let databaseDir: string;
/** The server must not be able to bring it back by itself. */
const launch = () => launchDatabase({ folder: databaseDir });

beforeAll(async () => {
  node = await startNode(async (place) => {
    databaseDir = path.join(place.folder, "elsewhere");
    await launch();
    return { url: databaseOf(databaseDir).databaseUrl(), dataDir: databaseDir };
  });
});
afterAll(() => node.close());
afterEach(() => {
  node.desk.accountDelayMs = 0;
});

const effectsOf = (ref: string) => node.desk.effects.filter((effect) => effect.ref === ref);
const checked = (ref: string) =>
  node.agent.proposeAction({ tool: "desk.checked", arguments: { ref, account: "acme" } });
const pay = (ref: string) => node.agent.proposeAction({ tool: "desk.pay", arguments: { ref, amountMinor: 1 } });
const unavailable = { code: "unavailable", retryable: true };

describe("a database that is down", () => {
  it("fails a walk in flight as retryable, without an effect; what is asked meanwhile as well; and heals", async () => {
    node.desk.accountDelayMs = 1500;
    const inFlight = expect(checked("in-flight")).rejects.toMatchObject(unavailable);
    await sleep(500);
    node.database.signal("SIGKILL");
    await inFlight;
    await expect(pay("meanwhile")).rejects.toMatchObject(unavailable);
    expect(node.desk.effects).toHaveLength(0);
    await launch();
    await node.server.untilHealthy();
    expect(await pay("after")).toMatchObject({ status: "done" });
    expect(effectsOf("in-flight")).toHaveLength(0);
    expect(effectsOf("meanwhile")).toHaveLength(0);
  });
});

describe("a database that does not answer", () => {
  it("is denied on while it is silent: no decision on an old view, no effect", async () => {
    expect(await pay("before-silence")).toMatchObject({ status: "done" });
    node.database.signal("SIGSTOP");
    // Past the lease of the control view.
    await sleep(2500);
    await expect(pay("in-silence")).rejects.toMatchObject(unavailable);
    expect(effectsOf("in-silence")).toHaveLength(0);
    node.database.signal("SIGCONT");
    await node.server.untilHealthy();
    expect(await pay("after-silence")).toMatchObject({ status: "done" });
    expect(effectsOf("in-silence")).toHaveLength(0);
  });

  it("ends a walk in flight without an effect, or carries it out once when it comes back", async () => {
    node.desk.accountDelayMs = 1000;
    const heard = checked("frozen").then(
      (answer) => answer.status,
      (error: { code: string }) => error.code,
    );
    await sleep(400);
    node.database.signal("SIGSTOP");
    const told = await heard;
    expect(told).toBe("unavailable");
    expect(effectsOf("frozen")).toHaveLength(0);
    node.database.signal("SIGCONT");
    await node.server.untilHealthy();
    const admin = node.server.admin();
    const { id } = await actionOf(admin, "frozen");
    const end = await untilStatus(admin, id, ["done", "failed"]);
    expect(effectsOf("frozen")).toHaveLength(end.status === "done" ? 1 : 0);
  });
});
