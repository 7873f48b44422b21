/** On behalf of a person: claims verified, rows and arguments limited by them, through both doors; forgeries and others' claims. */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";

import type { ActionAnswer, Json } from "@airworthy/contract";
import { createClient } from "@airworthy/sdk";
import { Client as McpClient, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { openDesk, type Desk } from "../support/desk.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

const agent = (name: string): string => `
apiVersion: airworthy/v1
kind: Agent
name: ${name}
purpose: Looks up orders
owner: maria
stage: production
level: senior
tools: [orders.list, orders.get, orders.mine, orders.cancel]
`;
const baseFiles = {
  "people.yaml": "apiVersion: airworthy/v1\nkind: Person\nname: maria\nroles: [operator]\n",
  "agents.yaml": [agent("clerk"), agent("other")].join("---"),
  "orders.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: orders
type: http
baseUrl: \${SHOP_URL}
tools:
  - name: orders.list
    effect: read
    input: { type: object, properties: { n: { type: string } } }
    request: { method: GET, path: /orders, query: [n] }
    rows: { each: "$.items[*]", limits: { region: "@.region", desk: $.desk } }
    yields:
      - { fact: order.state, each: "$.items[*]", key: "@.id", value: "@.state", type: string, authoritative: true }
  - name: orders.get
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: GET, path: "/orders/{id}" }
    rows: { limits: { region: $.region } }
    yields:
      - { fact: order.state, key: $.id, value: $.state, type: string, authoritative: true }
  - name: orders.mine
    effect: read
    input:
      type: object
      properties: { region: { type: string }, owner: { type: string }, n: { type: string } }
      required: [region, owner]
    request: { method: GET, path: /mine, query: [region, owner, n] }
    from_claim: { region: region, owner: person }
  - name: orders.cancel
    effect: write
    reversibility: reversible
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: POST, path: /cancel, body: [id] }
    rests_on:
      - { fact: order.state, key: $.id, maxAge: 1h, lookup: { tool: orders.get, with: { id: $.id } } }
    idempotency: { header: Idempotency-Key, retention: 1h }
`,
  "rules.cedar": `
@id("may") permit (principal, action, resource);
@id("cancel-for-people")
@title("Orders are cancelled for people of their region only")
forbid (principal, action == Airworthy::Action::"orders.cancel", resource)
unless { context.env.person.known && context.env.person.attributes.contains("region=eu") };
`,
};

const audience = "https://airworthy.example";
const issuer = "https://login.example";
let desk: Desk;
let jwksServer: Upstream;
let signing: Awaited<ReturnType<typeof generateKeyPair>>;
let stranger: Awaited<ReturnType<typeof generateKeyPair>>;
let remote: Awaited<ReturnType<typeof generateKeyPair>>;
let serial = 0;

const items = [
  { id: "o-1", region: "eu", state: "open" },
  { id: "o-2", region: "us", state: "open" },
  { id: "o-3", region: "eu", state: "sent" },
  { id: "o-4", state: "open" },
  { id: "o-5", region: ["eu"], state: "open" },
];

const makeKeys = () => generateKeyPair("ES256");
type Key = Awaited<ReturnType<typeof makeKeys>>["privateKey"];

beforeAll(async () => {
  [signing, stranger, remote] = await Promise.all([makeKeys(), makeKeys(), makeKeys()]);
  const jwk = { ...(await exportJWK(signing.publicKey)), kid: "k1", alg: "ES256" };
  const remoteJwk = { ...(await exportJWK(remote.publicKey)), kid: "r1", alg: "ES256" };
  jwksServer = await startUpstream(() => ({ body: { keys: [remoteJwk] } }));
  const issuers = `
apiVersion: airworthy/v1
kind: Issuer
name: staff
issuer: ${issuer}
audience: ${audience}
keys: { jwks: [${JSON.stringify(jwk)}] }
algorithms: [ES256]
maxAge: 10m
attributes: { region: regions, desk: desk }
agents: [clerk]
---
apiVersion: airworthy/v1
kind: Issuer
name: partners
issuer: https://partners.example
audience: ${audience}
keys: { url: "\${PARTNER_KEYS}" }
algorithms: [ES256]
person: email
attributes: { region: region }
`;
  desk = await openDesk({
    files: { ...baseFiles, "issuers.yaml": issuers },
    env: { PARTNER_KEYS: `${jwksServer.url}/jwks` },
  });
  desk.interfere = ({ path: at, method, query }) => {
    if (at === "/orders") return { body: { desk: "d1", total: 5, items } };
    if (at === "/mine") return { body: { asked: query } };
    if (at.startsWith("/orders/")) return { body: items.find(({ id }) => at.endsWith(id)) ?? {} };
    return method === "POST" ? { body: { ok: true } } : undefined;
  };
});
afterAll(async () => {
  await desk.close();
  await jwksServer.close();
});

type Claims = JWTPayload & Record<string, unknown>;
const anna: Claims = { sub: "anna", regions: ["eu"], desk: "d1" };
type Making = {
  key?: Key;
  issuer?: string;
  audience?: string;
  issuedAt?: number;
  expires?: number;
  kid?: string;
};

function token(claims: Claims, making: Making = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "ES256", kid: making.kid ?? "k1" })
    .setIssuer(making.issuer ?? issuer)
    .setAudience(making.audience ?? audience)
    .setIssuedAt(making.issuedAt ?? now)
    .setExpirationTime(making.expires ?? now + 300)
    .sign(making.key ?? signing.privateKey);
}

const keys: Record<string, string> = {};
const keyOf = async (name: string): Promise<string> => (keys[name] ??= (await desk.server.agent(name)).key);
async function call(
  tool: string,
  { as = "clerk", person, args }: { as?: string; person?: string | undefined; args?: Record<string, Json> } = {},
): Promise<ActionAnswer> {
  const client = createClient({
    baseUrl: desk.server.url,
    key: await keyOf(as),
    ...(person ? { onBehalfOf: person } : {}),
  });
  return client.proposeAction({ tool, arguments: args ?? { n: String((serial += 1)) } });
}
const idsOf = (answer: ActionAnswer): string[] =>
  (answer.result as { items: { id: string }[] }).items.map(({ id }) => id);
const asked = (at: string): number => desk.shop.received.filter((one) => one.path === at).length;

describe("what an agent reads for a person", () => {
  it("is limited to the person's rows before anything is observed, and the agent is told how many are missing", async () => {
    const answer = await call("orders.list", { person: await token(anna) });
    expect(answer).toMatchObject({ status: "done", leftOut: 3 });
    expect(idsOf(answer)).toEqual(["o-1", "o-3"]);
    const seen = await desk.sql<{ key: string }>("select key from observations where read_by = $1", [answer.id]);
    expect(seen.map(({ key }) => key).toSorted()).toEqual(["o-1", "o-3"]);
    const { action } = await desk.server.admin.explainAction({ id: answer.id });
    expect(action).toMatchObject({
      leftOut: 3,
      onBehalfOf: { person: "anna", issuer: "staff", attributes: { region: ["eu"], desk: ["d1"] } },
    });
  });

  it("is all of it for an attribute of *, and nothing for one that is missing or of another shape", async () => {
    expect(idsOf(await call("orders.list", { person: await token({ ...anna, regions: "*" }) }))).toHaveLength(4);
    expect(idsOf(await call("orders.list", { person: await token({ sub: "anna", desk: "d1" }) }))).toEqual([]);
    expect(idsOf(await call("orders.list", { person: await token({ ...anna, desk: "d2" }) }))).toEqual([]);
    expect(idsOf(await call("orders.list", { person: await token({ ...anna, regions: { eu: true } }) }))).toEqual([]);
  });

  it("is refused without a claim, before the system is asked", async () => {
    const before = asked("/orders");
    const answer = await call("orders.list");
    expect(answer).toMatchObject({ status: "refused", decision: { reasons: [{ code: "person_required" }] } });
    expect(asked("/orders")).toBe(before);
  });

  it("is refused as a whole when one object lies outside", async () => {
    expect(await call("orders.get", { person: await token(anna), args: { id: "o-1" } })).toMatchObject({
      status: "done",
    });
    const outside = await call("orders.get", { person: await token(anna), args: { id: "o-2" } });
    expect(outside).toMatchObject({ status: "failed", error: { code: "outside_limits" } });
    expect(outside.result).toBeUndefined();
    expect(JSON.stringify(outside)).not.toContain('"us"');
  });

  it("is asked for with the person's own values, which the agent cannot choose", async () => {
    const person = await token(anna);
    const answer = await call("orders.mine", { person });
    expect(answer.result).toMatchObject({ asked: { region: "eu", owner: "anna" } });
    const chosen = await call("orders.mine", { person, args: { region: "us", n: "x" } });
    expect(chosen).toMatchObject({ status: "refused", decision: { reasons: [{ code: "claim_argument" }] } });
    const nobody = await call("orders.mine", { args: { region: "eu", owner: "anna", n: "y" } });
    expect(nobody).toMatchObject({ status: "refused" });
  });

  it("is another answer for another person, and neither sees the other's", async () => {
    const args = { n: "same words" };
    const forAnna = await call("orders.list", { person: await token(anna), args });
    const ben = await token({ sub: "ben", regions: ["us"], desk: "d1" });
    const forBen = await call("orders.list", { person: ben, args });
    expect(idsOf(forBen)).toEqual(["o-2"]);
    expect(forBen.id).not.toBe(forAnna.id);
    const asBen = createClient({ baseUrl: desk.server.url, key: await keyOf("clerk"), onBehalfOf: ben });
    await expect(asBen.readAction({ id: forAnna.id })).rejects.toMatchObject({ code: "not_found" });
    const { actions } = await asBen.listActions({});
    expect(new Set(actions.map((one) => one.onBehalfOf?.person))).toEqual(new Set(["ben"]));
  });
});

describe("what an agent does for a person", () => {
  it("is judged with the person, and what it rests on has the person's limits", async () => {
    expect((await call("orders.cancel", { person: await token(anna), args: { id: "o-1" } })).status).toBe("done");
    const noPerson = await call("orders.cancel", { args: { id: "o-1" } });
    expect(noPerson.status).toBe("refused");
    const outside = await call("orders.cancel", { person: await token(anna), args: { id: "o-2" } });
    expect(outside).toMatchObject({ status: "refused", decision: { reasons: [{ code: "fact_unavailable" }] } });
  });
});

describe("a claim", () => {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const common = { sub: "anna", regions: ["eu"], desk: "d1", iss: issuer, aud: audience, iat: now, exp: now + 300 };

  it.each<readonly [string, () => Promise<string> | string]>([
    ["signed by somebody else", () => token(anna, { key: stranger.privateKey })],
    ["that has expired", () => token(anna, { issuedAt: now - 500, expires: now - 60 })],
    [
      "issued too long ago, whatever it says of its end",
      () => token(anna, { issuedAt: now - 3600, expires: now + 3600 }),
    ],
    ["issued in the future", () => token(anna, { issuedAt: now + 600, expires: now + 900 })],
    ["for another audience", () => token(anna, { audience: "https://elsewhere.example" })],
    ["of an issuer that nobody configured", () => token(anna, { issuer: "https://evil.example" })],
    ["of another issuer than whose key signed it", () => token(anna, { issuer: "https://partners.example" })],
    ["that names nobody", () => token({ regions: ["eu"] })],
    ["made for another actor", () => token({ ...anna, act: { sub: "other" } })],
    ["without a signature", () => new UnsecuredJWT(common).encode()],
    [
      "signed with the public key as a secret",
      async () => {
        const body = `${part({ alg: "HS256", kid: "k1" })}.${part(common)}`;
        const secret = JSON.stringify(await exportJWK(signing.publicKey));
        return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
      },
    ],
    [
      "whose payload was changed",
      async () => {
        const [head, , signature] = (await token(anna)).split(".");
        return `${head}.${part({ ...common, regions: "*" })}.${signature}`;
      },
    ],
    ["that is rubbish", () => "nothing but rubbish of some length"],
    ["that is very long", () => `a.${"b".repeat(7000)}.c`],
  ])("%s is not believed, and nothing is asked or recorded for it", async (_, make) => {
    const made = await make();
    const before = asked("/orders");
    await expect(call("orders.list", { person: made })).rejects.toMatchObject({
      code: "unauthenticated",
      place: "header Airworthy-On-Behalf-Of",
    });
    const said = await call("orders.list", { person: made }).catch((error: Error) => error.message);
    expect(said).not.toContain(made.slice(10, 60));
    expect(asked("/orders")).toBe(before);
  });

  it("made for this actor is believed; one of an issuer that is for other agents is not", async () => {
    expect((await call("orders.list", { person: await token({ ...anna, act: { sub: "clerk" } }) })).status).toBe(
      "done",
    );
    await expect(call("orders.list", { as: "other", person: await token(anna) })).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });

  it("of an issuer with an address is verified by the keys there", async () => {
    const claims = { email: "joe@partners.example", region: "us" };
    const making = { key: remote.privateKey, kid: "r1", issuer: "https://partners.example" };
    const answer = await call("orders.get", { as: "other", person: await token(claims, making), args: { id: "o-2" } });
    expect(answer.status).toBe("done");
    const { action } = await desk.server.admin.explainAction({ id: answer.id });
    expect(action.onBehalfOf).toMatchObject({ person: "joe@partners.example", issuer: "partners" });
    expect(jwksServer.received.length).toBeGreaterThan(0);
  });

  it("is of one tenant: another tenant's issuers know nothing of it", async () => {
    const elsewhere = createClient({
      baseUrl: desk.server.url,
      key: readFileSync(path.join(desk.server.dataDir, "admin.key"), "utf8").trim(),
      tenant: "second",
    });
    const files = Object.entries(baseFiles).map(([file, text]) => ({
      path: file,
      text: text.replace(/ {4}(?:rows|from_claim):.*\n/g, ""),
    }));
    const plan = await elsewhere.planConfig({ files });
    await elsewhere.applyConfig({ files, base: plan.base, digest: plan.digest });
    const { key } = await elsewhere.createKey({ for: { kind: "agent", name: "clerk" } });
    const clerk = createClient({ baseUrl: desk.server.url, key, onBehalfOf: await token(anna) });
    await expect(clerk.proposeAction({ tool: "orders.list", arguments: {} })).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });
});

describe("through MCP", () => {
  async function connect(headers: Record<string, string>): Promise<McpClient> {
    const client = new McpClient(
      { name: "walk", version: "1" },
      { versionNegotiation: { mode: { pin: "2026-07-28" } } },
    );
    const requestInit = { headers: { authorization: `Bearer ${await keyOf("clerk")}`, ...headers } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${desk.server.url}/mcp`), { requestInit }));
    return client;
  }

  it("a claim comes with the call or with the connection, and the upstream never sees it", async () => {
    const person = await token(anna);
    const plain = await connect({});
    const withCall = await plain.callTool({
      name: "orders.list",
      arguments: { n: "m1" },
      _meta: { "airworthy/on-behalf-of": person },
    });
    expect((withCall.structuredContent as { items: object[] }).items).toHaveLength(2);
    expect(JSON.stringify(withCall.content)).toContain("3 rows were left out");
    const held = await connect({ "airworthy-on-behalf-of": person });
    const withHeader = await held.callTool({ name: "orders.list", arguments: { n: "m2" } });
    expect((withHeader.structuredContent as { items: object[] }).items).toHaveLength(2);
    const { tools } = await plain.listTools();
    const mine = tools.find(({ name }) => name === "orders.mine");
    expect(Object.keys(mine?.inputSchema.properties ?? {})).toEqual(["n"]);
    expect(mine?.inputSchema.required ?? []).toEqual([]);
    expect(JSON.stringify(desk.shop.received)).not.toContain(person.slice(0, 40));
    await Promise.all([plain.close(), held.close()]);
  });

  it("a forged claim is an error that says so", async () => {
    const client = await connect({});
    const forged = await token(anna, { key: stranger.privateKey });
    const called = client.callTool({
      name: "orders.list",
      arguments: { n: "m3" },
      _meta: { "airworthy/on-behalf-of": forged },
    });
    await expect(called).rejects.toThrow(/cannot be believed/);
    await client.close();
    await expect(connect({ "airworthy-on-behalf-of": forged })).rejects.toThrow(/401|cannot be believed|nauthor/);
  });
});
