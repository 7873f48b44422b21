/** Many at once on one business object and on overlapping pairs: nobody is judged on an old picture, nobody waits for a stranger. */
import { type ActionAnswer, AirworthyError } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { createGate, type Desk, openDesk, pause } from "../support/desk.ts";
import { payablesFiles } from "../support/payables-desk.ts";

/** No more than 100.00 may leave one invoice, whoever pays it out. */
const limit = `@id("out-limit") @title("At most 100.00 in all")
forbid (principal, action == Airworthy::Action::"desk.credit", resource)
when { context.env.entity.net.outMinor + context.env.amountMinor > 10000 };`;

let desk: Desk;
let agents: Client[];
let elsewhere: Client[];

beforeAll(async () => {
  desk = await openDesk({ files: payablesFiles(limit) });
  const made = await Promise.all(["flagger", "delayer", "crediter"].map((name) => desk.server.agent(name)));
  agents = made.map(({ client }) => client);
  const node = await desk.server.another();
  elsewhere = made.map(({ key }) => node.client(key));
});
afterAll(() => desk.close());
afterEach(() => {
  desk.interfere = () => undefined;
});

/** The agents in turn, on two nodes in turn. */
const clientOf = (at: number): Client => {
  const client = [agents, elsewhere][at % 2]?.[at % 3];
  if (!client) throw new Error("three agents on two nodes");
  return client;
};
/** As an agent does it: what may succeed later is asked again, with the same key. */
async function propose(client: Client, proposal: Parameters<Client["proposeAction"]>[0]): Promise<ActionAnswer> {
  for (;;) {
    try {
      return await client.proposeAction(proposal);
    } catch (error) {
      if (!(error instanceof AirworthyError) || !error.retryable) throw error;
      await pause(100);
    }
  }
}
/** On a slow machine one may give up waiting for the others, or not leave in time; then it did nothing, and says so. */
const strange = (answers: readonly ActionAnswer[]): unknown[] =>
  answers.filter(({ status, error }) => status === "unknown" || (status === "failed" && error?.retryable !== true));
const ids = (answers: readonly ActionAnswer[], status: string): string[] =>
  answers.filter((answer) => answer.status === status).map(({ id }) => id);

/** What each effect made of its object, and which version its decision had seen: the one right before it, or it was judged on an old picture. */
async function outdated(): Promise<unknown[]> {
  return desk.sql(
    `select x.entity, x.seq, v.value ->> 'version' as seen
     from entity_effects x join actions a on a.tenant = x.tenant and a.id = x.id
     cross join lateral jsonb_array_elements(a.record::jsonb -> 'entities') v
     where v.value ->> 'entity' = x.entity and (v.value ->> 'version')::bigint <> x.seq - 1`,
  );
}
async function deadlocks(): Promise<number> {
  const [row] = await desk.sql<{ n: number }>(
    "select deadlocks::int as n from pg_stat_database where datname = current_database()",
  );
  return row?.n ?? -1;
}

describe("fifty actions of three agents on two nodes", () => {
  it(
    "on one invoice: each is judged with all before it in view, so the sum never passes the limit",
    { timeout: 120_000 },
    async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, at) =>
          propose(clientOf(at), {
            tool: "desk.credit",
            arguments: { invoice: "race", vendor: "v-race", minor: 1000 },
            idempotencyKey: `race-${at}`,
          }),
        ),
      );
      const [done, refused, failed] = ["done", "refused", "failed"].map((status) => ids(answers, status));
      expect(strange(answers)).toEqual([]);
      expect(done).toHaveLength(10);
      expect((refused?.length ?? 0) + (failed?.length ?? 0)).toBe(40);
      expect(desk.effects("invoice", "race")).toHaveLength(10);
      expect(await outdated()).toEqual([]);
      const record = await desk.server.admin.readEntity({ entity: "invoice:race", limit: 100 });
      expect(record.net).toEqual([
        { currency: "EUR", inMinor: 0, outMinor: 10_000, maybeInMinor: 0, maybeOutMinor: 0 },
      ]);
      const counted = record.effects.filter(({ status }) => status === "done").map(({ id }) => id);
      expect(counted.toSorted()).toEqual(done?.toSorted());
      expect(record.holder).toBeUndefined();
      const refusal = answers.find(({ status }) => status === "refused");
      expect(
        refusal?.decision?.reasons.find(({ policy }) => policy?.id === "out-limit")?.effects?.length,
      ).toBeGreaterThan(0);
    },
  );

  it(
    "on overlapping pairs, in both directions: no deadlock, none lost, every account's net is right",
    { timeout: 120_000 },
    async () => {
      const before = await deadlocks();
      const moves = Array.from({ length: 50 }, (_, at) => {
        const [a, b] = [at % 5, (at + 1 + (at % 3)) % 5];
        return at % 2 === 0 ? { from: `acc-${a}`, to: `acc-${b}` } : { from: `acc-${b}`, to: `acc-${a}` };
      });
      const answers = await Promise.all(
        moves.map((move, at) =>
          propose(clientOf(at), {
            tool: "desk.move",
            arguments: { ...move, minor: at + 1 },
            idempotencyKey: `move-${at}`,
          }),
        ),
      );
      expect(strange(answers)).toEqual([]);
      const done = moves
        .map((move, at) => ({ ...move, minor: at + 1 }))
        .filter((_, at) => answers[at]?.status === "done");
      expect(done.length).toBeGreaterThan(10);
      expect(await outdated()).toEqual([]);
      for (let account = 0; account < 5; account += 1) {
        const key = `acc-${account}`;
        // oxlint-disable-next-line no-await-in-loop -- five reads
        const { net, effects } = await desk.server.admin.readEntity({ entity: `account:${key}`, limit: 100 });
        const minor = done.reduce((sum, move) => sum + (move.from === key || move.to === key ? move.minor : 0), 0);
        expect(net).toEqual([{ currency: "EUR", inMinor: 0, outMinor: minor, maybeInMinor: 0, maybeOutMinor: 0 }]);
        expect(effects.filter(({ status }) => status !== "done" && status !== "failed")).toEqual([]);
      }
      expect(await deadlocks()).toBe(before);
      const { faults } = await desk.server.admin.verifyLedger();
      // The other node signs with a key of its own here.
      expect(faults.filter(({ chain }) => !chain.startsWith("checkpoint"))).toEqual([]);
    },
  );
});

describe("an effect under way", () => {
  it("keeps nobody waiting who acts on other business objects, and everybody who touches one of its own", async () => {
    const gate = createGate();
    desk.interfere = async ({ path, body }) => {
      const { invoice } = body as { invoice?: string };
      if (path === "/desk.delay" && invoice === "slow") await gate.pass();
      return undefined;
    };
    const [flagger, delayer, crediter] = agents as [Client, Client, Client];
    const slow = delayer.proposeAction({ tool: "desk.delay", arguments: { invoice: "slow", vendor: "v-slow" } });
    await gate.arrived;
    const other = await flagger.proposeAction({ tool: "desk.flag", arguments: { invoice: "other", why: "x" } });
    expect(other.status).toBe("done");
    let over = false;
    const touching = crediter
      .proposeAction({ tool: "desk.credit", arguments: { invoice: "third", vendor: "v-slow", minor: 5 } })
      .finally(() => {
        over = true;
      });
    expect(
      (await flagger.proposeAction({ tool: "desk.flag", arguments: { invoice: "fourth", why: "x" } })).status,
    ).toBe("done");
    expect(over).toBe(false);
    gate.open();
    expect([(await slow).status, (await touching).status]).toEqual(["done", "done"]);
    const { action } = await desk.server.admin.explainAction({ id: (await touching).id });
    expect(action.entities?.find(({ entity }) => entity === "vendor:v-slow")?.effects).toMatchObject([
      { id: (await slow).id, status: "done", touched: true },
    ]);
  });
});
