/** Erasing what tokens stand for: by its own role, on the record, and what becomes of the tokens; and how often they are turned back. */
import type { ActionAnswer, AirworthyError } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { exitCodes } from "../../packages/cli/src/exit-codes.ts";
import { runCli } from "../support/cli.ts";
import { openDesk, type Desk } from "../support/desk.ts";

const files = {
  "people.yaml": ["operator", "privacy", "viewer", "admin"]
    .map((role) => `{ apiVersion: airworthy/v1, kind: Person, name: ${role}, roles: [${role}] }`)
    .join("\n---\n"),
  "agents.yaml": `
apiVersion: airworthy/v1
kind: Agent
name: clerk
purpose: Writes to customers
owner: operator
stage: production
level: senior
model: { provider: openai, name: m-2026-01-01 }
tools: [crm.get, mail.send]
`,
  "crm.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: crm
type: http
baseUrl: \${SHOP_URL}
tools:
  - name: crm.get
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: GET, path: "/customers/{id}" }
    classes: { pii.email: [$.email] }
    yields:
      - { fact: crm.email, key: $.id, value: $.email, type: string, authoritative: true }
  - name: mail.send
    effect: write
    reversibility: irreversible
    input:
      type: object
      properties: { to: { type: string }, text: { type: string } }
      required: [to, text]
    request: { method: POST, path: /mail, body: [to, text] }
    accepts: { pii.email: [$.to] }
    idempotency: { header: Idempotency-Key, retention: 1h }
`,
  "data.yaml": `
apiVersion: airworthy/v1
kind: DataRule
name: no-people-to-models
classes: [pii]
to: { providers: [openai] }
do: tokenise
---
apiVersion: airworthy/v1
kind: DataClass
name: pii.email
reveal: [operator, admin]
`,
  "rules.cedar": `@id("may") permit (principal, action, resource);`,
};

let desk: Desk;
let clerk: Client;
let serial = 0;
const people: Record<string, Client> = {};
const keys: Record<string, string> = {};

beforeAll(async () => {
  desk = await openDesk({ files });
  desk.interfere = ({ path, method }) => {
    const id = path.split("/")[2] ?? "";
    return method === "GET" ? { body: { id, email: `${id}@customer.example` } } : { body: { ok: true } };
  };
  clerk = (await desk.server.agent("clerk")).client;
  for (const name of ["operator", "privacy", "viewer", "admin"]) {
    const { client, key } = await desk.server.person(name);
    people[name] = client;
    keys[name] = key;
  }
});
afterAll(() => desk.close());

const as = (name: string): Client => people[name] ?? clerk;
const tokenOf = async (id: string): Promise<string> => {
  const { result } = await clerk.proposeAction({ tool: "crm.get", arguments: { id } });
  return (result as { email: string }).email;
};
const send = (to: string): Promise<ActionAnswer> =>
  clerk.proposeAction({ tool: "mail.send", arguments: { to, text: `letter ${(serial += 1)}` } });
const erase = (by: Client, ...tokens: string[]) => by.eraseTokens({ tokens, reason: "request 7" });
const entries = async (kind: string): Promise<Record<string, unknown>[]> => {
  const rows = await desk.sql<{ body: string }>(
    "select b.body from ledger_entries e join ledger_bodies b using (tenant, day, chain, seq) where e.kind = $1 order by e.at, e.seq",
    [kind],
  );
  return rows.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
};

describe("a token whose value was erased", () => {
  it("stands for nothing any more: nobody turns it back, no tool is sent it, and the store holds the value nowhere", async () => {
    const token = await tokenOf("erased");
    expect((await send(token)).status).toBe("done");
    expect(desk.shop.writes().at(-1)?.body).toMatchObject({ to: "erased@customer.example" });

    const answer = await erase(as("privacy"), token);
    expect(answer).toEqual({ tokens: [{ token, state: "erased", class: "pii.email" }], observations: 1 });
    await expect(as("operator").revealToken({ token, reason: "r" })).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("was erased at") as string,
    });
    const refused = await send(token);
    expect(refused).toMatchObject({ status: "refused", decision: { reasons: [{ code: "data_erased" }] } });
    expect(desk.shop.writes()).toHaveLength(1);

    expect(await desk.sql("select 1 from class_tokens where token = $1 and sealed is not null", [token])).toEqual([]);
    expect(await desk.sql("select 1 from observations where key = 'erased'")).toEqual([]);
    const [entry] = await entries("data_erased");
    expect(entry).toMatchObject({ tokens: [token], observations: 1, by: "privacy", reason: "request 7" });
    expect(JSON.stringify(entry)).not.toContain("customer.example");
    expect((await desk.server.admin.verifyLedger()).faults).toEqual([]);
  });

  it("is erased once; others, and those that nobody was given, are told apart and stay as they are", async () => {
    const [first, second] = [await tokenOf("first"), await tokenOf("second")];
    const never = `tok_pii-email_${"0".repeat(26)}`;
    const before = (await entries("data_erased")).length;
    await erase(as("privacy"), first);
    expect((await erase(as("privacy"), first, never, first)).tokens.toSorted(byToken)).toEqual(
      [
        { token: first, state: "already_erased", class: "pii.email" },
        { token: never, state: "unknown" },
      ].toSorted(byToken),
    );
    expect((await entries("data_erased")).length).toBe(before + 1);
    expect(await as("operator").revealToken({ token: second, reason: "r" })).toMatchObject({
      value: "second@customer.example",
    });
  });

  it("stands for what its source says anew", async () => {
    const token = await tokenOf("back");
    await erase(as("privacy"), token);
    expect(await tokenOf("back")).toBe(token);
    expect((await send(token)).status).toBe("done");
  });

  it("is erased by the role for it alone, and only in its own tenant", async () => {
    const token = await tokenOf("roles");
    for (const name of ["operator", "viewer", "agent"]) {
      await expect(erase(as(name), token)).rejects.toMatchObject({ code: "forbidden" });
    }
    await expect(as("privacy").createStop({ scope: { kind: "all" }, reason: "r" })).rejects.toMatchObject({
      code: "forbidden",
    });
    // The role erases what it cannot see.
    await expect(as("privacy").revealToken({ token, reason: "r" })).rejects.toMatchObject({ code: "forbidden" });
    expect((await erase(as("admin"), token)).tokens).toMatchObject([{ state: "erased" }]);
  });

  it("is erased on the command line", async () => {
    const token = await tokenOf("cli");
    const at = ["--url", desk.server.url, "--key-file", "-"];
    const options = { cwd: "/tmp", input: keys["privacy"] ?? "" };
    const ran = await runCli(["data", "erase", token, "--reason", "case 9", "--json", ...at], options);
    expect(ran.code, ran.err).toBe(exitCodes.ok.code);
    expect(JSON.parse(ran.out)).toMatchObject({ data: { tokens: [{ token, state: "erased" }] } });
    const never = `tok_pii-email_${"1".repeat(26)}`;
    const part = await runCli(["data", "erase", token, never, "--reason", "case 9", ...at], options);
    expect(part.code, part.err).toBe(exitCodes.partlyApplied.code);
    expect(part.out).toContain(`erased before ${token}`);
    expect(part.out).toContain(`unknown       ${never}`);
    expect((await runCli(["data", "erase", "mary", "--reason", "r", ...at], options)).code).toBe(exitCodes.usage.code);
  });
});

describe("turning tokens back", () => {
  it("is limited for each person to so many an hour, also when they ask all at once", async () => {
    const token = await tokenOf("curious");
    await desk.sql("delete from reveal_counts");
    const before = (await entries("token_revealed")).length;
    const asked = await Promise.allSettled(
      Array.from({ length: 36 }, () => as("operator").revealToken({ token, reason: "curious" })),
    );
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(30);
    const refused = asked.flatMap((one) => (one.status === "rejected" ? [one.reason as AirworthyError] : []));
    expect(refused.map(({ code, retryable }) => [code, retryable])).toEqual(
      Array.from({ length: 6 }, () => ["rate_limited", true]),
    );
    // What was refused is not on the record as having been shown.
    expect((await entries("token_revealed")).length - before).toBe(30);
    // Another person is not held up, and the next hour begins anew.
    expect(await as("admin").revealToken({ token, reason: "r" })).toMatchObject({ class: "pii.email" });
    await desk.sql("update reveal_counts set since = since - interval '61 minutes' where person = 'operator'");
    expect(await as("operator").revealToken({ token, reason: "r" })).toMatchObject({ class: "pii.email" });
  });
});

const byToken = (one: { token: string }, other: { token: string }): number => (one.token < other.token ? -1 : 1);
