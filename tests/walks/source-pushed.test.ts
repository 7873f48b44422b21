/** A fact that is pushed while an action that rests on it is under way, and two values of one moment: one rule for reads and pushes. */
import { randomBytes } from "node:crypto";

import type { ActionAnswer } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { createGate, type Desk, openDesk } from "../support/desk.ts";
import { shopFiles } from "../support/shop.ts";

const token = "a-token-of-the-crm-for-tests";
const files = {
  ...shopFiles,
  "pushed.yaml": `
apiVersion: airworthy/v1
kind: SourceContract
name: accounts
version: 1
fields:
  - { name: id, type: text, nullable: false }
  - { name: status, type: text, nullable: false, allowed: [active, disputed] }
---
apiVersion: airworthy/v1
kind: Connector
name: crm-push
type: webhook
verify: { by: bearer, token: { env: CRM_TOKEN } }
records:
  - { record: account, contract: accounts, key: $.id }
tools:
  - name: accounts.pushed
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    find: { record: account, by: $.id }
    yields:
      - { fact: shop.status, key: $.key, value: $.value.status, type: string }
---
apiVersion: airworthy/v1
kind: Connector
name: desk
type: http
baseUrl: \${SHOP_URL}
tools:
  - name: desk.dated
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: GET, path: "/dated/{id}" }
    yields:
      - { fact: shop.status, key: $.id, value: $.status, asOf: $.asOf, type: string }
  - name: desk.manager
    effect: read
    input: { type: object, properties: { status: { type: string } }, required: [status] }
    request: { method: GET, path: "/managers/{status}" }
    yields:
      - { fact: shop.manager, key: $.status, value: $.manager, type: string, authoritative: true }
  - name: desk.pay
    effect: write
    reversibility: reversible
    input: { type: object, properties: { account: { type: string }, text: { type: string } }, required: [account, text] }
    request: { method: POST, path: /payouts, body: [account, text] }
    rests_on:
      - { fact: shop.status, key: $.account, maxAge: 1h, lookup: { tool: desk.dated, with: { id: $.account } } }
      - { fact: shop.manager, key: "$facts['shop.status']", maxAge: 1h, lookup: { tool: desk.manager, with: { status: "$facts['shop.status']" } } }
    idempotency: { header: Idempotency-Key, retention: 1h }
`,
  "agents.yaml": (shopFiles["agents.yaml"] ?? "").replace(
    "tools: [shop.list,",
    "tools: [desk.dated, desk.pay, accounts.pushed, shop.list,",
  ),
};

let desk: Desk;
let clerk: Client;
beforeAll(async () => {
  desk = await openDesk({ files, env: { CRM_TOKEN: token } });
  clerk = (await desk.server.agent("clerk")).client;
});
afterEach(() => {
  desk.interfere = () => undefined;
});
afterAll(() => desk.close());

async function push(id: string, status: string, at: Date): Promise<void> {
  const response = await fetch(`${desk.server.url}/events/crm-push`, {
    method: "POST",
    headers: { "content-type": "application/cloudevents+json", authorization: `Bearer ${token}` },
    body: JSON.stringify({
      specversion: "1.0",
      id: randomBytes(8).toString("hex"),
      source: "/crm",
      type: "changed",
      time: at.toISOString(),
      data: { id, status },
    }),
  });
  expect(response.status).toBe(202);
}

/** The desk's own record, which is as of what it says. */
const dated = (asOf: Date, before?: (path: string) => Promise<void>) => {
  desk.interfere = async ({ path }) => {
    await before?.(path);
    const id = path.split("/")[2];
    if (path.startsWith("/dated/")) return { body: { id, status: "active", asOf: asOf.toISOString() } };
    return path.startsWith("/managers/") ? { body: { status: id, manager: "ines" } } : undefined;
  };
};
const read = (id: string): Promise<ActionAnswer> => clerk.proposeAction({ tool: "desk.dated", arguments: { id } });
let letters = 0;
const pay = (account: string): Promise<ActionAnswer> =>
  clerk.proposeAction({ tool: "desk.pay", arguments: { account, text: `payout ${(letters += 1)}` } });
const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);

describe("a fact that is pushed after the last look, before the effect", () => {
  const heldPay = async (account: string, meanwhile: () => Promise<void>): Promise<ActionAnswer> => {
    const gate = createGate();
    dated(minutesAgo(10), async (path) => {
      // Asked for once the status is known: what is pushed now comes after the last look at it.
      if (path.startsWith("/managers/")) await gate.pass();
    });
    expect(await read(account)).toMatchObject({ status: "done" });
    const paying = pay(account);
    await gate.arrived;
    await meanwhile();
    gate.open();
    return paying;
  };

  it("sends the agent back with both values, and nothing is done", async () => {
    const answer = await heldPay("late", () => push("late", "disputed", minutesAgo(1)));
    expect(answer).toMatchObject({ status: "refused" });
    expect(answer.decision?.reasons[0]).toMatchObject({
      code: "fact_changed",
      fact: { was: "active", now: "disputed" },
    });
    expect(desk.effects("account", "late")).toEqual([]);
    const { action } = await desk.server.admin.explainAction({ id: answer.id });
    expect(action.facts[0]).toMatchObject({ value: "disputed", source: "accounts.pushed" });
  });

  it("is no hindrance when it says the same, or is older", async () => {
    const same = await heldPay("same", () => push("same", "active", minutesAgo(1)));
    expect(same).toMatchObject({ status: "done" });
    const older = await heldPay("older", () => push("older", "disputed", minutesAgo(60)));
    expect(older).toMatchObject({ status: "done" });
    expect(desk.effects("account", "same")).toHaveLength(1);
    expect(desk.effects("account", "older")).toHaveLength(1);
  });
});

describe("two values of one moment", () => {
  it("are believed neither, until a later word settles it", async () => {
    const moment = minutesAgo(5);
    dated(moment);
    expect(await read("twice")).toMatchObject({ status: "done" });
    expect(await pay("twice")).toMatchObject({ status: "done" });
    await push("twice", "disputed", moment);
    const answer = await pay("twice");
    expect(answer).toMatchObject({ status: "refused", decision: { reasons: [{ code: "fact_contradicted" }] } });
    expect(answer.decision?.reasons[0]?.detail).toContain("accounts.pushed has pushed another");

    await push("twice", "active", minutesAgo(1));
    expect(await pay("twice")).toMatchObject({ status: "done" });
    expect(desk.effects("account", "twice")).toHaveLength(2);
  });
});
