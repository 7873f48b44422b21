/** The client against a transport that remembers what it was asked. */
import { AirworthyError, api } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import { createClient, type ClientOptions, type FetchLike } from "./client.ts";

const hex = "0190a0b0c0d07000800000000000abcd";
const stop = {
  id: `stp_${hex}`,
  scope: { kind: "all" },
  mode: "deny_writes",
  reason: "drill",
  by: "ana",
  at: "2026-01-02T03:04:05.000Z",
};

type Asked = { url: string; init: RequestInit };

function clientAnswering(status: number, body: unknown, options: Partial<ClientOptions> = {}) {
  const asked: Asked[] = [];
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const send: FetchLike = async (url, init) => {
    asked.push({ url, init });
    return new Response(text, { status });
  };
  return { asked, client: createClient({ baseUrl: "http://127.0.0.1:4747/", fetch: send, ...options }) };
}

async function failureOf(promise: Promise<unknown>): Promise<AirworthyError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AirworthyError)) throw new Error(`expected an AirworthyError, got ${String(error)}`);
  return error;
}

describe("what is sent", () => {
  it("has one method for each operation of the table", () => {
    const { client } = clientAnswering(200, {});
    expect(Object.keys(client).toSorted()).toEqual(Object.keys(api).toSorted());
  });

  it("puts the rest of a POST into a JSON body, path parameters left out", async () => {
    const { client, asked } = clientAnswering(404, { code: "not_found", message: "no", retryable: false });
    await failureOf(client.decideApproval({ id: `apr_${hex}`, verdict: "approve", reason: "fine" }));
    expect(asked[0]?.url).toBe(`http://127.0.0.1:4747/v1/approvals/apr_${hex}/decision`);
    expect(asked[0]?.init).toMatchObject({
      method: "POST",
      body: '{"verdict":"approve","reason":"fine"}',
      headers: { "content-type": "application/json" },
    });
  });

  it("puts the rest of a DELETE into the query", async () => {
    const { client, asked } = clientAnswering(200, { ...stop, liftedBy: "ana" });
    await client.liftStop({ id: `stp_${hex}`, reason: "over & done" });
    expect(asked[0]?.url).toBe(`http://127.0.0.1:4747/v1/stops/stp_${hex}?reason=over+%26+done`);
    expect(asked[0]?.init).toMatchObject({ method: "DELETE" });
    expect(asked[0]?.init.body).toBeUndefined();
  });

  it("leaves undefined values out of the query, and the query out when it is empty", async () => {
    const { client, asked } = clientAnswering(200, { actions: [] });
    await client.listActions({ agent: undefined, limit: 5 });
    await client.listActions();
    expect(asked.map((request) => request.url)).toEqual([
      "http://127.0.0.1:4747/v1/actions?limit=5",
      "http://127.0.0.1:4747/v1/actions",
    ]);
  });

  it("sends the key as a bearer token and the tenant only when given", async () => {
    const plain = clientAnswering(200, { stops: [] });
    const chosen = clientAnswering(200, { stops: [] }, { key: "k1", tenant: "acme" });
    await plain.client.listStops();
    await chosen.client.listStops();
    expect(plain.asked[0]?.init.headers).toEqual({ accept: "application/json" });
    expect(chosen.asked[0]?.init.headers).toEqual({
      accept: "application/json",
      authorization: "Bearer k1",
      "airworthy-tenant": "acme",
    });
  });

  it("keeps a path prefix of the address and follows no redirect", async () => {
    const { client, asked } = clientAnswering(200, { stops: [] }, { baseUrl: "https://ops.example/airworthy" });
    await client.listStops();
    expect(asked[0]?.url).toBe("https://ops.example/airworthy/v1/stops");
    expect(asked[0]?.init.redirect).toBe("manual");
  });

  it.each(["..", "act_1", "", `act_${hex}/../../keys`])("refuses the id %j before anything is sent", async (id) => {
    const { client, asked } = clientAnswering(200, {});
    const error = await failureOf(client.readAction({ id: id as `act_${string}` }));
    expect(error).toMatchObject({ code: "invalid_input", place: "id", retryable: false });
    expect(asked).toEqual([]);
  });
});

describe("what comes back", () => {
  it("is parsed by the operation's schema", async () => {
    const { client } = clientAnswering(200, { ...stop, later: "a field this client does not know" });
    await expect(client.createStop({ scope: { kind: "all" }, reason: "drill" })).resolves.toEqual(stop);
  });

  it("is an internal error when it does not fit the schema", async () => {
    const { client } = clientAnswering(200, { ...stop, mode: "deny_some" });
    const error = await failureOf(client.createStop({ scope: { kind: "all" }, reason: "drill" }));
    expect(error).toMatchObject({ code: "internal", retryable: false });
    expect(error.place).toContain("mode");
  });

  it("is the server's own error, with place and fix", async () => {
    const body = { code: "conflict", message: "moved", retryable: true, place: "base", fix: "plan again" };
    const { client } = clientAnswering(409, body);
    const error = await failureOf(client.readAction({ id: `act_${hex}` }));
    expect(error).toMatchObject(body);
  });

  it.each([
    [401, "unauthenticated", false],
    [403, "forbidden", false],
    [404, "not_found", false],
    [302, "internal", false],
    [500, "internal", false],
    [429, "unavailable", true],
    [503, "unavailable", true],
  ])("an answer %i in a proxy's own words becomes %s", async (status, code, retryable) => {
    const { client } = clientAnswering(status, "<html>");
    expect(await failureOf(client.listStops())).toMatchObject({ code, retryable });
  });

  it("is unavailable and retryable when the network fails, and names the cause but never the key", async () => {
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    const send: FetchLike = () => Promise.reject(new TypeError("fetch failed", { cause: refused }));
    const client = createClient({ baseUrl: "http://127.0.0.1:1", fetch: send, key: "aw_secret" });
    const error = await failureOf(client.listStops());
    expect(error).toMatchObject({ code: "unavailable", retryable: true });
    expect(error.message).toContain("ECONNREFUSED");
    expect(error.message).not.toContain("aw_secret");
  });

  it("is the caller's own abort when the caller gave up", async () => {
    const gaveUp = new AbortController();
    const send: FetchLike = (_url, init) => {
      gaveUp.abort(new Error("enough"));
      return Promise.reject(init.signal?.reason as Error);
    };
    const client = createClient({ baseUrl: "http://127.0.0.1:1", fetch: send });
    await expect(client.listStops({}, { signal: gaveUp.signal })).rejects.toThrow("enough");
  });
});
