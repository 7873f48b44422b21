/** Stops: the next decision in their scope is no, whatever was decided, approved or under way before. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import {
  type ActionAnswer,
  AirworthyError,
  type NewStop,
  type Stop,
  type StopMode,
  type StopScope,
} from "@airworthy/contract";
import { createClient, type Client } from "@airworthy/sdk";
import { startServer } from "@airworthy/server";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { createGate, type Desk, eventually, openDesk, refund } from "../support/desk.ts";
import { startStoreProxy } from "../support/store-proxy.ts";

let desk: Desk;
let clerk: Client;
let reader: Client;
let maria: Client;
let clerkKey: string;
let set: Stop[] = [];
const codeOf = (answer: unknown): string =>
  answer instanceof AirworthyError ? answer.code : (answer as ActionAnswer).status;

beforeAll(async () => {
  desk = await openDesk();
  ({ client: clerk, key: clerkKey } = await desk.server.agent("clerk"));
  ({ client: reader } = await desk.server.agent("reader"));
  ({ client: maria } = await desk.server.person("maria"));
});
afterAll(() => desk.close());
afterEach(async () => {
  desk.interfere = () => undefined;
  for (const { id } of set) await maria.liftStop({ id });
  set = [];
});

async function stop(scope: StopScope, mode?: StopMode): Promise<NewStop> {
  const made = await maria.createStop({ scope, reason: "looking into it", ...(mode ? { mode } : {}) });
  set.push(made);
  return made;
}
const note = (text: string) => ({ tool: "shop.note", arguments: { text } });
const read = { tool: "shop.get", arguments: { id: "a1" } };
const expectStopped = (answer: Pick<ActionAnswer, "status" | "decision">, { id }: Stop): void => {
  expect(answer.status).toBe("refused");
  const reason = answer.decision?.reasons.find(({ code }) => code === "stopped");
  expect(reason?.detail).toContain(id);
  expect(reason?.detail).toContain("maria");
  expect(reason?.detail).toContain("looking into it");
};

describe("a stop denies the next decision in its scope, and nothing else", () => {
  it("of an agent", async () => {
    const made = await stop({ kind: "agent", agent: "clerk" });
    expectStopped(await clerk.proposeAction(note("s1")), made);
    expect((await reader.proposeAction(read)).status).toBe("done");
  });

  it("of a tool", async () => {
    const made = await stop({ kind: "tool", tool: "shop.note" });
    expectStopped(await clerk.proposeAction(note("s2")), made);
    expect((await clerk.proposeAction({ tool: "shop.blind", arguments: { text: "s2-other" } })).status).toBe("done");
  });

  it("of a business object", async () => {
    const made = await stop({ kind: "entity", entity: "invoice:inv-s3" });
    expectStopped(await clerk.proposeAction(refund("s3", 100)), made);
    expect((await clerk.proposeAction(refund("s3", 100, "inv-s3-other"))).status).toBe("done");
  });

  it("of everything, reads too, unless it leaves reading open", async () => {
    const all = await stop({ kind: "all" });
    expectStopped(await clerk.proposeAction(note("s4")), all);
    expectStopped(await reader.proposeAction(read), all);
    await maria.liftStop({ id: all.id });
    const writes = await stop({ kind: "all" }, "deny_writes");
    expectStopped(await clerk.proposeAction(note("s4")), writes);
    expect((await reader.proposeAction(read)).status).toBe("done");
    expect(desk.effects("text", "s4")).toEqual([]);
  });

  it("warns of a name that is not there, and is set all the same", async () => {
    const misspelt = await stop({ kind: "agent", agent: "clrek" });
    expect(misspelt.warning).toContain('no agent "clrek" (did you mean "clerk"?)');
    expect(await stop({ kind: "agent", agent: "clerk" })).not.toHaveProperty("warning");
    expect((await maria.listStops()).stops.map(({ id }) => id)).toContain(misspelt.id);
  });

  it("at once, and lifted at once, time after time and on every node", async () => {
    const other = await desk.server.another();
    const far = other.client(clerkKey);
    for (let round = 0; round < 8; round++) {
      const made = await stop({ kind: "agent", agent: "clerk" });
      // The other node has not looked yet: its redemption finds that control has moved.
      const [near, distant] = await Promise.all([
        clerk.proposeAction(note(`near-${round}`)),
        far.proposeAction(note(`far-${round}`)),
      ]);
      expectStopped(near, made);
      // It may name the stop of the round before, which it has not yet seen lifted.
      expect(distant.status).toBe("refused");
      expect(distant.decision?.reasons).toContainEqual(expect.objectContaining({ code: "stopped" }));
      const lifted = await maria.liftStop({ id: made.id });
      expect(lifted).toMatchObject({ id: made.id, liftedBy: "maria" });
      expect((await clerk.proposeAction(note(`after-${round}`))).status).toBe("done");
      expect([desk.effects("text", `near-${round}`), desk.effects("text", `far-${round}`)]).toEqual([[], []]);
    }
    expect((await maria.listStops()).stops).toEqual([]);
    expect((await maria.listStops({ all: "true" })).stops.length).toBeGreaterThan(7);
  });
});

describe("what was decided before does not outlive the stop", () => {
  const holdLookup = (account: string) => {
    const gate = createGate();
    desk.interfere = async ({ path: at }) => {
      if (at === `/accounts/${account}`) await gate.pass();
      return undefined;
    };
    return gate;
  };

  it("an action on its way to its effect is refused", async () => {
    const gate = holdLookup("way");
    const call = clerk.proposeAction(refund("way", 100));
    await gate.arrived;
    const made = await stop({ kind: "all" });
    gate.open();
    expectStopped(await call, made);
    expect(desk.effects("account", "way")).toEqual([]);
  });

  it("an approved action is refused, its approval is not used up, and lifting the stop does not bring it back", async () => {
    const { id, approval } = await clerk.proposeAction(refund("approved", 60_000));
    if (approval === undefined) throw new Error("no approval was asked for");
    const made = await stop({ kind: "entity", entity: "invoice:inv-approved" });
    await maria.decideApproval({ id: approval, verdict: "approve", reason: "fine" });
    const record = await eventually(async () => {
      const now = await clerk.readAction({ id });
      return now.status === "refused" && now;
    });
    expectStopped(record, made);
    const { approvals } = await maria.listApprovals({ limit: 500 });
    expect(approvals.find((one) => one.id === approval)?.status).toBe("stale");
    await maria.liftStop({ id: made.id });
    expect(await clerk.proposeAction(refund("approved", 60_000))).toMatchObject({ id, status: "refused" });
    expect((await clerk.proposeAction(refund("approved", 60_000))).status).toBe("waiting");
    expect(desk.effects("account", "approved")).toEqual([]);
  });

  it("an approved action is refused when the stop comes while it walks again", async () => {
    const { id, approval } = await clerk.proposeAction(refund("walking", 60_000));
    if (approval === undefined) throw new Error("no approval was asked for");
    const gate = holdLookup("walking");
    await maria.decideApproval({ id: approval, verdict: "approve", reason: "fine" });
    await gate.arrived;
    const made = await stop({ kind: "tool", tool: "shop.refund" });
    gate.open();
    const record = await eventually(async () => {
      const now = await clerk.readAction({ id });
      return now.status === "refused" && now;
    });
    expectStopped(record, made);
    const [row] = await desk.sql("select status from approvals where id = $1", [approval]);
    expect(row).toEqual({ status: "stale" });
    expect(desk.effects("account", "walking")).toEqual([]);
  });
});

describe("a node that cannot see the store", () => {
  it("decides nothing and does nothing, and goes on when it sees it again", async () => {
    const proxy = await startStoreProxy(desk.server.connection);
    const dataDir = mkdtempSync(path.join(tmpdir(), "airworthy-cut-off-"));
    const node = await startServer({
      dataDir,
      port: 0,
      env: { DATABASE_URL: proxy.url, SHOP_URL: desk.shop.url, SHOP_KEY: "k", AIRWORTHY_LOG_LEVEL: "silent" },
    });
    const client = createClient({ baseUrl: node.url, key: clerkKey });
    try {
      expect((await client.proposeAction(note("seen"))).status).toBe("done");
      const gate = createGate();
      desk.interfere = async ({ path: at }) => {
        if (at === "/accounts/blind") await gate.pass();
        return undefined;
      };
      const under = client.proposeAction(refund("blind", 100)).catch((error: unknown) => error);
      await gate.arrived;
      proxy.hold();
      await eventually(async () => !(await client.readHealth()).ok);
      gate.open();
      // Set where the store can be seen; the blind node cannot know of it.
      const made = await stop({ kind: "agent", agent: "clerk" });
      proxy.release();
      const answer = await under;
      // Which of the two depends on when it sees the store again; it must be one of them.
      expect([
        ["unavailable", true],
        ["refused", undefined],
      ]).toContainEqual([codeOf(answer), answer instanceof AirworthyError ? answer.retryable : undefined]);
      const again = async (): Promise<ActionAnswer | undefined> => {
        const next = await client.proposeAction(note("again")).catch((error: unknown) => error);
        // Right after it sees the store again a node may blink.
        return codeOf(next) === "unavailable" ? undefined : (next as ActionAnswer);
      };
      expectStopped(await eventually(again), made);
      expect([desk.effects("account", "blind"), desk.effects("text", "again")]).toEqual([[], []]);
      await maria.liftStop({ id: made.id });
      await eventually(async () => (await again())?.status === "done");
    } finally {
      await node.close();
      await proxy.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
