/** Changing the rules: what it would have changed is shown first, exactly that is applied, and a yes outlives only what it did not rest on. */
import { readFileSync } from "node:fs";

import type { Client } from "@airworthy/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type Desk, eventually, openDesk, refund } from "../support/desk.ts";
import { shopFiles } from "../support/shop.ts";

const initial: Readonly<Record<string, string>> = {
  ...shopFiles,
  "budget.yaml": (shopFiles["budget.yaml"] ?? "").replace("1000000", "1000000000"),
};
const rules = initial["rules.cedar"] ?? "";
const listOf = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([path, text]) => ({ path, text }));

let desk: Desk;
let clerk: Client;
let admin: Client;
let maria: Client;

beforeAll(async () => {
  desk = await openDesk({ files: initial });
  ({ client: clerk } = await desk.server.agent("clerk"));
  ({ client: maria } = await desk.server.person("maria"));
  admin = desk.server.admin;
});
afterAll(() => desk.close());

const yes = (id: `apr_${string}` | undefined) =>
  maria.decideApproval({ id: id ?? "apr_", verdict: "approve", reason: "seen" });
async function waiting(account: string) {
  const answer = await clerk.proposeAction(refund(account, 60_000));
  expect(answer.status).toBe("waiting");
  return answer;
}

describe("a plan", () => {
  it("shows which recorded decisions would have been others, each action once", async () => {
    const small = await clerk.proposeAction(refund("p1", 30_000));
    const large = await waiting("p2");
    const approved = await waiting("p3");
    await yes(approved.approval);
    await eventually(async () => (await clerk.readAction({ id: approved.id })).status === "done");
    const noted = await clerk.proposeAction({ tool: "shop.note", arguments: { text: "unchanged" } });
    const stricter = { ...initial, "rules.cedar": rules.replace("> 50000 }", "> 20000 }") };
    const plan = await admin.planConfig({ files: listOf(stricter) });
    expect(plan.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(plan.changes).toMatchObject([{ group: "policies", kind: "changed", name: "refund-over-500" }]);
    expect(plan.preview.changed).toMatchObject([
      { action: small.id, agent: "clerk", tool: "shop.refund", was: "allow", now: "escalate" },
    ]);
    // Four actions were decided, however many entries each of them has.
    expect(plan.preview).toMatchObject({ replayed: 4, same: 3, unjudgeable: 0 });
    const open = { ...initial, "rules.cedar": rules.replace(/@id\("refund-over-500"\)[\s\S]*?;\n/, "") };
    const opened = await admin.planConfig({ files: listOf(open) });
    expect(opened.preview.changed).toHaveLength(2);
    for (const { id } of [large, approved]) {
      expect(opened.preview.changed).toContainEqual(
        expect.objectContaining({ action: id, was: "escalate", now: "allow" }),
      );
    }
    expect(opened.preview.changed.some(({ action }) => action === noted.id)).toBe(false);
    expect((await admin.planConfig({ files: listOf(open), replay: 0 })).preview.replayed).toBe(0);
  });

  it("changes nothing by itself, and says what does not validate instead of applying it", async () => {
    const broken = { ...initial, "rules.cedar": `${rules}\nforbid (principal, action, resource) when { nonsense };` };
    const plan = await admin.planConfig({ files: listOf(broken) });
    expect(plan.digest).toBe("invalid");
    expect(plan.findings.some(({ severity, file }) => severity === "error" && file === "rules.cedar")).toBe(true);
    await expect(
      admin.applyConfig({ files: listOf(broken), base: plan.base, digest: plan.digest }),
    ).rejects.toMatchObject({ code: "invalid_input" });
    expect((await admin.planConfig({ files: listOf(initial) })).changes).toEqual([]);
  });
});

describe("applying", () => {
  const withNote = (text: string) => ({
    ...initial,
    "note.cedar": `@id("note-${text}") @mode("shadow") forbid (principal, action == Airworthy::Action::"shop.note", resource);`,
  });

  it("is refused when the live configuration has moved since the plan", async () => {
    const [one, two] = [withNote("one"), withNote("two")];
    const plans = [
      await admin.planConfig({ files: listOf(one), replay: 0 }),
      await admin.planConfig({ files: listOf(two), replay: 0 }),
    ] as const;
    const applied = await admin.applyConfig({ files: listOf(one), base: plans[0].base, digest: plans[0].digest });
    expect(applied.version).toBe(plans[0].base.version + 1);
    await expect(
      admin.applyConfig({ files: listOf(two), base: plans[1].base, digest: plans[1].digest }),
    ).rejects.toMatchObject({ code: "conflict" });
    expect((await admin.planConfig({ files: listOf(one), replay: 0 })).changes).toEqual([]);
    await desk.server.apply(initial);
  });

  it("is refused when the files are not those of the plan, and only administrators do it", async () => {
    const plan = await admin.planConfig({ files: listOf(withNote("three")), replay: 0 });
    const request = { files: listOf(withNote("four")), base: plan.base, digest: plan.digest };
    await expect(admin.applyConfig(request)).rejects.toMatchObject({ code: "conflict" });
    await expect(maria.applyConfig(request)).rejects.toMatchObject({ code: "forbidden" });
    await expect(clerk.planConfig({ files: listOf(initial) })).rejects.toMatchObject({ code: "forbidden" });
  });

  it("of two at once one wins", async () => {
    const candidates = [withNote("left"), withNote("right")];
    const plans = await Promise.all(candidates.map((files) => admin.planConfig({ files: listOf(files), replay: 0 })));
    const outcomes = await Promise.allSettled(
      plans.map(({ files, base, digest }) => admin.applyConfig({ files, base, digest })),
    );
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await desk.server.apply(initial);
  });
});

describe("a yes that waits while the rules change", () => {
  it("is still good when the change does not concern it", async () => {
    const { id, approval } = await waiting("unrelated");
    await desk.server.apply({
      ...initial,
      "other.cedar": `@id("late-never") forbid (principal, action == Airworthy::Action::"shop.late", resource);`,
    });
    await yes(approval);
    const record = await eventually(async () => {
      const now = await clerk.readAction({ id });
      return now.status === "done" && now;
    });
    expect(record.approval).toBe(approval);
    expect(desk.effects("account", "unrelated")).toHaveLength(1);
    await desk.server.apply(initial);
  });

  it("is stale when a rule that asked for it has changed: it is asked again", async () => {
    const { id, approval } = await waiting("related");
    await desk.server.apply({ ...initial, "rules.cedar": rules.replace("> 50000 }", "> 40000 }") });
    await yes(approval);
    const asked = await eventually(async () => {
      const now = await clerk.readAction({ id });
      return now.approval !== approval && now.approval;
    });
    expect(desk.effects("account", "related")).toEqual([]);
    const { approvals } = await admin.listApprovals({ limit: 500 });
    expect(approvals.find((one) => one.id === approval)?.status).toBe("stale");
    await yes(asked);
    await eventually(async () => (await clerk.readAction({ id })).status === "done");
    expect(desk.effects("account", "related")).toHaveLength(1);
    await desk.server.apply(initial);
  });

  it("is stale when the tool itself has changed", async () => {
    const { id, approval } = await waiting("tool");
    const shop = (initial["shop.yaml"] ?? "").replace("path: /refunds", "path: /refunds2");
    await desk.server.apply({ ...initial, "shop.yaml": shop });
    await yes(approval);
    await eventually(async () => {
      const now = await clerk.readAction({ id });
      return now.status === "waiting" && now.approval !== approval;
    });
    expect(desk.effects("account", "tool")).toEqual([]);
    await desk.server.apply(initial);
  });

  it("counts for nothing when the rules now forbid it", async () => {
    const { id, approval } = await waiting("forbidden");
    await desk.server.apply({
      ...initial,
      "never.cedar": `@id("never") forbid (principal, action == Airworthy::Action::"shop.refund", resource);`,
    });
    await yes(approval);
    await eventually(async () => (await clerk.readAction({ id })).status === "refused");
    expect(desk.effects("account", "forbidden")).toEqual([]);
    await desk.server.apply(initial);
  });
});

describe("the server's own start", () => {
  it("publishes what the folder holds, once", async () => {
    expect(readFileSync(`${desk.server.configDir}/rules.cedar`, "utf8")).toBe(rules);
    const published = await desk.sql<{ first: string }>(
      "select published_by as first from snapshots order by version limit 1",
    );
    expect(published).toEqual([{ first: "airworthy start" }]);
  });
});

describe("a recording from before policies saw what they see now", () => {
  it("is judged as if there had been nothing of it to see", async () => {
    const { id } = await clerk.proposeAction(refund("old", 100));
    // As it would stand there: written by an earlier version.
    await desk.sql(
      `update ledger_bodies b set body = (b.body::jsonb #- '{policy,request,env,entity}' #- '{policy,request,env,provenance}')::text
       from ledger_entries e where (e.tenant, e.day, e.chain, e.seq) = (b.tenant, b.day, b.chain, b.seq) and e.action = $1`,
      [id],
    );
    const stricter = { ...initial, "rules.cedar": rules.replace("> 50000 }", "> 50 }") };
    const { preview } = await admin.planConfig({ files: listOf(stricter) });
    expect(preview.unjudgeable).toBe(0);
    expect(preview.changed).toContainEqual(expect.objectContaining({ action: id, was: "allow", now: "escalate" }));
  });
});
