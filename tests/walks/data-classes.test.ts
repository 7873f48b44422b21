/** Data classes through real doors: masked, as tokens or blocked on the way to agents and systems; revealed by role. */
import type { ActionAnswer, Json } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { openDesk, type Desk } from "../support/desk.ts";

const agent = (name: string, provider: string, level = "senior"): string => `
apiVersion: airworthy/v1
kind: Agent
name: ${name}
purpose: Answers customers
owner: maria
stage: production
level: ${level}
model: { provider: ${provider}, name: m-2026-01-01 }
tools: [crm.get, crm.notes, crm.cards, crm.wallet, mail.send, wiki.post, pay.charge]
`;
const files = {
  "people.yaml": `
apiVersion: airworthy/v1
kind: Person
name: maria
roles: [operator]
---
apiVersion: airworthy/v1
kind: Person
name: vera
roles: [viewer]
---
apiVersion: airworthy/v1
kind: Person
name: ada
roles: [admin]
`,
  "agents.yaml": [
    agent("clerk", "openai"),
    agent("inner", "local"),
    agent("boss", "openai", "principal"),
    ...["agreed", "lapsed", "coming"].map((name) => agent(name, `${name}-models`)),
  ].join("---"),
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
    classes: { pii.name: [$.customer.name], pii.email: [$.customer.email] }
    yields:
      - { fact: crm.email, key: $.customer.id, value: $.customer.email, type: string, authoritative: true }
      - { fact: crm.name, key: $.customer.id, value: $.customer.name, type: string, authoritative: true }
  - name: crm.notes
    effect: read
    input: { type: object, properties: { n: { type: string } } }
    request: { method: GET, path: /notes, query: [n] }
  - name: crm.cards
    effect: read
    input: { type: object, properties: { n: { type: string } } }
    request: { method: GET, path: /cards, query: [n] }
  - name: crm.wallet
    effect: write
    reversibility: reversible
    input: { type: object, properties: { n: { type: string } } }
    request: { method: POST, path: /wallet, body: [n] }
    idempotency: { header: Idempotency-Key, retention: 1h }
`,
  "out.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: out
type: http
baseUrl: \${SHOP_URL}
tools:
  - name: mail.send
    effect: write
    reversibility: irreversible
    input:
      type: object
      properties: { id: { type: string }, to: { type: string, format: email }, text: { type: string } }
      required: [id, to, text]
    request: { method: POST, path: /mail, body: [to, text] }
    accepts: { pii: [$.to, $.text] }
    rests_on:
      - { fact: crm.email, key: $.id, maxAge: 1h, lookup: { tool: crm.get, with: { id: $.id } } }
    facets: { to: { path: $.to, type: string } }
    idempotency: { header: Idempotency-Key, retention: 1h }
  - name: wiki.post
    effect: write
    reversibility: reversible
    input: { type: object, properties: { text: { type: string } }, required: [text] }
    request: { method: POST, path: /wiki, body: [text] }
    idempotency: { header: Idempotency-Key, retention: 1h }
  - name: pay.charge
    effect: write
    reversibility: reversible
    input: { type: object, properties: { card: { type: string } }, required: [card] }
    request: { method: POST, path: /charge, body: [card] }
    accepts: { pci.card: [$.card] }
    idempotency: { header: Idempotency-Key, retention: 1h }
`,
  "data.yaml": `
apiVersion: airworthy/v1
kind: DataRule
name: no-names-to-models
classes: [pii]
to: { providers: [openai] }
do: tokenise
except: { levels: [principal] }
---
apiVersion: airworthy/v1
kind: DataRule
name: no-people-without-an-agreement
classes: [pii]
to: { providers: [agreed-models, lapsed-models, coming-models] }
do: mask
except: { agreement: true }
---
apiVersion: airworthy/v1
kind: Agreement
name: dpa
provider: agreed-models
covers: [pii.name]
reference: contracts/dpa-2026.pdf
from: 2026-01-01
until: 2999-12-31
---
apiVersion: airworthy/v1
kind: Agreement
name: old-dpa
provider: lapsed-models
covers: [pii]
reference: contracts/dpa-2020.pdf
until: 2020-12-31
---
apiVersion: airworthy/v1
kind: Agreement
name: next-dpa
provider: coming-models
covers: [pii]
reference: contracts/dpa-2999.pdf
from: 2999-01-01
until: 2999-12-31
---
apiVersion: airworthy/v1
kind: DataRule
name: no-staff
classes: [hr.staff]
to: { agents: any }
do: mask
---
apiVersion: airworthy/v1
kind: DataRule
name: no-cards-to-agents
classes: [pci.card]
to: { agents: any }
do: block
---
apiVersion: airworthy/v1
kind: DataRule
name: no-cards-but-to-payments
classes: [pci.card, secret]
to: { tools: any }
do: block
except: { tools: [pay.charge] }
---
apiVersion: airworthy/v1
kind: DataRule
name: wiki-without-mail
classes: [pii.email]
to: { tools: [wiki.post] }
do: mask
---
apiVersion: airworthy/v1
kind: DataClass
name: hr.staff
patterns: ['EMP-\\d{5}']
words: [Hugo Staffer]
---
apiVersion: airworthy/v1
kind: DataClass
name: pii.email
reveal: [operator]
`,
  "rules.cedar": `
@id("may") permit (principal, action, resource);
@id("wiki-clean")
@title("No names in the wiki")
forbid (principal, action == Airworthy::Action::"wiki.post", resource)
when { context.env.classes.all.contains("pii.name") };
@id("mail-known")
@title("Mail goes to addresses that are known as such")
forbid (principal, action == Airworthy::Action::"mail.send", resource)
unless { context.env.classes.facets.to.contains("pii.email") };
`,
};

const card = "4111111111111111";
const name = "Maria Schmidtova";
let desk: Desk;
let email = "maria.s@customer.example";
let notes: unknown = {};
let serial = 0;
let failing: { status: number; body: unknown } | undefined;

beforeAll(async () => {
  desk = await openDesk({ files });
  desk.interfere = ({ path: at, method }) => {
    if (failing) return failing;
    if (at.startsWith("/customers/"))
      return { body: { customer: { id: at.split("/")[2], name, email }, since: "2019" } };
    if (at === "/notes") return { body: notes };
    if (at === "/cards" || at === "/wallet") return { body: { last: { number: card } } };
    return method === "POST" ? { body: { ok: true } } : undefined;
  };
});
afterAll(() => desk.close());

const client = async (who = "clerk"): Promise<Client> => (await desk.server.agent(who)).client;
const call = (by: Client, tool: string, args: Record<string, Json> = {}): Promise<ActionAnswer> =>
  by.proposeAction({
    tool,
    arguments: tool.startsWith("crm") && tool !== "crm.get" ? { n: String((serial += 1)) } : args,
  });
const get = (by: Client, id = `c-${(serial += 1)}`): Promise<ActionAnswer> => call(by, "crm.get", { id });
type Customer = { customer: { name: string; email: string }; since: string };
const customerOf = (answer: ActionAnswer): Customer["customer"] => (answer.result as Customer).customer;
const bodies = (at: string): unknown[] => desk.shop.received.filter(({ path }) => path === at).map(({ body }) => body);

describe("on its way to an agent", () => {
  it("a declared value is a token for the models that a rule names, the same each time, and itself for others", async () => {
    const [clerk, inner, boss] = [await client(), await client("inner"), await client("boss")];
    const first = customerOf(await get(clerk));
    const again = customerOf(await get(clerk));
    expect(first.name).toMatch(/^tok_pii-name_[0-9a-hjkmnp-tv-z]{26}$/);
    expect(first.email).toMatch(/^tok_pii-email_/);
    expect(again).toMatchObject({ name: first.name, email: first.email });
    expect(customerOf(await get(inner))).toMatchObject({ name, email });
    expect(customerOf(await get(boss))).toMatchObject({ name, email });
  });

  it("goes to a provider's models as far as an agreement in force covers it, and the record names the agreement", async () => {
    const answer = await get(await client("agreed"));
    expect(customerOf(answer)).toMatchObject({ name, email: "[masked: pii.email]" });
    const { action } = await desk.server.admin.explainAction({ id: answer.id });
    const seen = { at: "result", how: "declared", count: 1 };
    expect(action.data).toEqual(
      expect.arrayContaining([
        { ...seen, path: "$.customer.name", class: "pii.name", did: "none", agreement: "dpa" },
        {
          ...seen,
          path: "$.customer.email",
          class: "pii.email",
          did: "masked",
          rule: "no-people-without-an-agreement",
        },
      ]),
    );
    for (const who of ["lapsed", "coming"]) {
      expect(customerOf(await get(await client(who)))).toMatchObject({ name: "[masked: pii.name]" });
    }
  });

  it("a value keeps its class under another name, in another system's answer and inside a text", async () => {
    await get(await client());
    notes = { author: name.toUpperCase(), text: `Spoke to ${name}, all well.`, EMP: "EMP-12345 and hugo  staffer" };
    const answer = await call(await client(), "crm.notes");
    const shown = answer.result as { author: string; text: string; EMP: string };
    expect(shown.author).toMatch(/^tok_pii-name_/);
    expect(shown.text).toMatch(/^Spoke to tok_pii-name_\w+, all well\.$/);
    expect(shown.EMP).toBe("[masked: hr.staff] and [masked: hr.staff]");
    const { action } = await desk.server.admin.explainAction({ id: answer.id });
    expect(action.data).toEqual(
      expect.arrayContaining([
        {
          at: "result",
          path: "$.author",
          class: "pii.name",
          how: "lineage",
          did: "tokenised",
          rule: "no-names-to-models",
          count: 1,
        },
        { at: "result", path: "$.EMP", class: "hr.staff", how: "detected", did: "masked", rule: "no-staff", count: 2 },
      ]),
    );
    expect(JSON.stringify(action)).not.toContain("Schmidtova");
  });

  it("an answer that holds what is blocked is withheld: a read fails, a write stays done; the value is nowhere", async () => {
    const clerk = await client();
    const read = await call(clerk, "crm.cards");
    expect(read).toMatchObject({ status: "failed", error: { code: "data_blocked", retryable: false } });
    expect(read.error?.message).toContain("pci.card at $.last.number");
    const write = await call(clerk, "crm.wallet");
    expect(write).toMatchObject({
      status: "done",
      result: { withheld: expect.stringContaining("pci.card") as string },
    });
    for (const { id } of [read, write]) {
      const records = [await clerk.readAction({ id }), await desk.server.admin.explainAction({ id })];
      expect(JSON.stringify(records)).not.toContain(card);
    }
    const rows = await desk.sql<{ body: string }>("select body from ledger_bodies");
    expect(rows.some(({ body }) => body.includes(card))).toBe(false);
  });

  it("what a system says when it fails is looked at as well", async () => {
    await get(await client());
    failing = { status: 422, body: { message: `no such customer ${name} <${email}>` } };
    const answer = await get(await client());
    failing = undefined;
    expect(answer.status).toBe("failed");
    expect(JSON.stringify(answer)).not.toContain("Schmidtova");
    expect(JSON.stringify(answer)).not.toContain("customer.example");
  });
});

describe("on its way to a system", () => {
  it("a token becomes its value only where the tool takes that class", async () => {
    const clerk = await client();
    const known = customerOf(await get(clerk, "c-mail"));
    const text = `Dear ${known.name}, hello`;
    const sent = await call(clerk, "mail.send", { id: "c-mail", to: known.email, text });
    expect(sent.status).toBe("done");
    expect(bodies("/mail").at(-1)).toEqual({ to: email, text: `Dear ${name}, hello` });
    const { action } = await desk.server.admin.explainAction({ id: sent.id });
    expect(action.arguments).toEqual({ id: "c-mail", to: known.email, text });
    expect(action.data).toEqual(
      expect.arrayContaining([
        { at: "arguments", path: "$.to", class: "pii.email", how: "token", did: "revealed", count: 1 },
      ]),
    );
    // Read and sent back, it comes from where it was read.
    expect(action.provenance?.find((one) => one.argument === "$.to")).toMatchObject({
      match: "exact",
      observation: { tool: "crm.get" },
    });
    expect(action.facts).toMatchObject([{ fact: "crm.email", how: "agent" }]);

    const posted = await call(clerk, "wiki.post", { text: `see ${known.email}` });
    expect(posted.status).toBe("done");
    expect(bodies("/wiki").at(-1)).toEqual({ text: `see ${known.email}` });
  });

  it("a fact that changed behind a token sends the agent back without telling either value", async () => {
    const clerk = await client();
    const known = customerOf(await get(clerk, "c-moved"));
    await desk.sql("update observations set as_of = as_of - interval '2 hours' where key = 'c-moved'");
    email = "new.address@customer.example";
    const answer = await call(clerk, "mail.send", { id: "c-moved", to: known.email, text: "hello" });
    email = "maria.s@customer.example";
    expect(answer.status).toBe("refused");
    const [reason] = answer.decision?.reasons ?? [];
    expect(reason).toMatchObject({ code: "fact_changed", fact: { was: known.email } });
    expect(reason?.fact?.now).toMatch(/^tok_pii-email_/);
    expect(JSON.stringify(answer)).not.toContain("customer.example");
  });

  it("what is blocked is refused with its class and place before anything is sent", async () => {
    const clerk = await client();
    const before = bodies("/wiki").length;
    const answer = await call(clerk, "wiki.post", { text: `the card is ${card}` });
    expect(answer).toMatchObject({ status: "refused", decision: { reasons: [{ code: "data_blocked" }] } });
    expect(answer.decision?.reasons[0]?.detail).toContain("$.text holds pci.card");
    expect(JSON.stringify(answer)).not.toContain(card);
    expect(bodies("/wiki")).toHaveLength(before);
    expect((await call(clerk, "pay.charge", { card })).status).toBe("done");
    expect(bodies("/charge").at(-1)).toEqual({ card });
  });

  it("what is masked arrives masked", async () => {
    expect((await call(await client("inner"), "wiki.post", { text: "ask jo@else.example" })).status).toBe("done");
    expect(bodies("/wiki").at(-1)).toEqual({ text: "ask [masked: pii.email]" });
  });

  it("policies see which classes the arguments carry", async () => {
    await get(await client());
    const named = await call(await client("inner"), "wiki.post", { text: `${name} called` });
    expect(named).toMatchObject({ status: "refused" });
    expect(named.decision?.reasons.map((reason) => reason.policy?.id)).toContain("wiki-clean");
  });
});

describe("a fact that people are shown", () => {
  it("is told to be of its class, and the agent hears neither of the fact nor of that", async () => {
    const clerk = await client();
    const known = customerOf(await get(clerk, "c-shown"));
    const sent = await call(clerk, "mail.send", { id: "c-shown", to: known.email, text: "hello" });
    expect(sent.status).toBe("done");
    const { action } = await desk.server.admin.explainAction({ id: sent.id });
    expect(action.facts).toMatchObject([{ fact: "crm.email", value: email }]);
    expect(action.data).toContainEqual({
      at: "fact",
      path: "crm.email",
      class: "pii.email",
      how: "lineage",
      did: "none",
      count: 1,
    });
    const own = await clerk.readAction({ id: sent.id });
    expect(own.facts).toEqual([]);
    expect((own.data ?? []).filter(({ at }) => at === "fact")).toEqual([]);
  });
});

describe("a token", () => {
  it("is revealed to the roles that its class names, with the reason on the record and without the value", async () => {
    const known = customerOf(await get(await client()));
    const { client: maria } = await desk.server.person("maria");
    const { client: vera } = await desk.server.person("vera");
    const { client: ada } = await desk.server.person("ada");
    const reveal = (by: Client, token: string) => by.revealToken({ token, reason: "case 812" });
    expect(await reveal(maria, known.email)).toEqual({ token: known.email, class: "pii.email", value: email });
    await expect(reveal(vera, known.email)).rejects.toMatchObject({ code: "not_found" });
    // pii.name has no document: administrators only.
    await expect(reveal(maria, known.name)).rejects.toMatchObject({ code: "not_found" });
    expect(await reveal(ada, known.name)).toMatchObject({ value: name });
    await expect(reveal(await client(), known.email)).rejects.toMatchObject({ code: "forbidden" });
    const rows = await desk.sql<{ body: string }>(
      "select b.body from ledger_entries e join ledger_bodies b using (tenant, day, chain, seq) where e.kind = 'token_revealed' order by e.at, e.seq",
    );
    expect(rows.map(({ body }) => JSON.parse(body) as object)).toMatchObject([
      { token: known.email, class: "pii.email", by: "maria", reason: "case 812" },
      { token: known.name, class: "pii.name", by: "ada", reason: "case 812" },
    ]);
    expect(rows.some(({ body }) => body.includes(name) || body.includes(email))).toBe(false);
  });

  it("that nobody was given, or that was changed, is nothing", async () => {
    const clerk = await client();
    const known = customerOf(await get(clerk, "c-other"));
    const forged = `${known.email.slice(0, -1)}${known.email.endsWith("0") ? "1" : "0"}`;
    await expect(desk.server.admin.revealToken({ token: forged, reason: "r" })).rejects.toMatchObject({
      code: "not_found",
    });
    const sent = await call(clerk, "mail.send", { id: "c-other", to: forged, text: "hello" });
    // It is no address, and no value is made of it.
    expect(sent).toMatchObject({ status: "refused", decision: { reasons: [{ code: "invalid_arguments" }] } });
  });

  it("and what it stands for lie sealed in the store", async () => {
    await get(await client());
    const tokens = await desk.sql<{ sealed: Buffer }>("select sealed from class_tokens");
    expect(tokens.length).toBeGreaterThan(0);
    for (const { sealed } of tokens) expect(sealed.toString("latin1")).not.toMatch(/Schmidtova|customer\.example/);
  });
});
