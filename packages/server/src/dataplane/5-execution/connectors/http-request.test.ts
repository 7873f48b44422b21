/** Tests that arguments fill the places a tool declares and can reach no others. */
import type { HttpTool, JsonObject } from "@airworthy/contract";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { buildHttpRequest } from "./http-request.ts";
import type { HttpRequest } from "./http-request.ts";

const tool = (request: HttpTool["request"], more: Partial<HttpTool> = {}): HttpTool => ({
  name: "crm.do",
  effect: "write",
  input: {},
  request,
  ...more,
});
const at = { basePath: "/api", idempotencyKey: "key-1" };
const get = tool({ method: "GET", path: "/accounts/{id}/notes/{note}", query: ["q", "tag", "n"] });

function build(of: HttpTool, args: JsonObject): HttpRequest {
  const request = buildHttpRequest(of, args, at);
  if ("misfit" in request) throw new Error(request.misfit);
  return request;
}

describe("buildHttpRequest", () => {
  it("fills path and query, percent-encoded, and leaves absent arguments out", () => {
    const request = build(get, { id: "a/b ü?#", note: 7, q: "x&y=z", tag: ["one", "two"], unknown: "no" });
    expect(request.path).toBe("/api/accounts/a%2Fb%20%C3%BC%3F%23/notes/7?q=x%26y%3Dz&tag=one&tag=two");
    expect(request.body).toBeNull();
    expect(JSON.stringify(request)).not.toContain("unknown");
  });

  it.each([
    ["..", "1"],
    [".", "1"],
    ["", "1"],
    ["a/../b", "1"],
    ["..\\admin", "1"],
    ["a\r\nHost: evil", "1"],
    ["a\u0000", "1"],
    ["\ud800", "1"],
    [null, "1"],
    [["a"], "1"],
    [{ a: 1 }, "1"],
  ])("refuses %j in a path", (id, note) => {
    expect(buildHttpRequest(get, { id, note }, at)).toEqual({ misfit: expect.stringContaining("id") as string });
  });

  it("refuses a missing path argument, an inherited one too", () => {
    expect(buildHttpRequest(get, { id: "a" }, at)).toHaveProperty("misfit");
    const inherited = tool({ method: "GET", path: "/x/{toString}" });
    expect(buildHttpRequest(inherited, {}, at)).toHaveProperty("misfit");
  });

  it("refuses two dots made of two arguments", () => {
    const joined = tool({ method: "GET", path: "/files/.{ext}/x" });
    expect(buildHttpRequest(joined, { ext: "." }, at)).toHaveProperty("misfit");
    expect(build(joined, { ext: "git" }).path).toBe("/api/files/.git/x");
  });

  it("never lets an argument change the segments around it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (id, note) => {
        const request = buildHttpRequest(get, { id, note }, at);
        if ("misfit" in request) return true;
        const url = new URL(`http://crm.example${request.path}`);
        const segments = url.pathname.split("/");
        return (
          url.host === "crm.example" &&
          segments.length === 6 &&
          decodeURIComponent(segments[3] ?? "") === id &&
          decodeURIComponent(segments[5] ?? "") === note
        );
      }),
      { numRuns: 2000 },
    );
  });

  it("sends only the declared members as the body", () => {
    const post = tool({ method: "POST", path: "/refunds", body: ["invoiceId", "amountMinor", "note"] });
    const request = build(post, { invoiceId: "i-1", amountMinor: 5, role: "admin" });
    expect(request.body).toBe('{"invoiceId":"i-1","amountMinor":5}');
    expect(request.headers["content-type"]).toBe("application/json");
  });

  it("puts our key where the tool says, over anything the agent sent", () => {
    const retention = "24h";
    const request: HttpTool["request"] = { method: "POST", path: "/refunds", body: ["a"] };
    const header = build(tool(request, { idempotency: { header: "Idempotency-Key", retention } }), { a: 1 });
    expect(header.headers["idempotency-key"]).toBe("key-1");
    const argument = tool(request, { idempotency: { argument: "requestId", retention } });
    expect(build(argument, { a: 1, requestId: "mine" }).body).toBe('{"a":1,"requestId":"key-1"}');
    const inPath = tool(
      { method: "PUT", path: "/refunds/{requestId}" },
      { idempotency: { argument: "requestId", retention } },
    );
    expect(build(inPath, {})).toMatchObject({ path: "/api/refunds/key-1", body: null });
  });

  it("makes no header from an argument", () => {
    const request = build(get, {
      id: "x",
      note: "y",
      authorization: "Bearer evil",
      "x-evil": "1",
      q: "a\r\nX-Evil: 1",
    });
    expect(Object.keys(request.headers)).toEqual(["accept", "accept-encoding", "user-agent"]);
    expect(request.path).toContain("q=a%0D%0AX-Evil%3A+1");
  });

  it("refuses an object in a query", () => {
    expect(buildHttpRequest(get, { id: "x", note: "y", q: { $ne: 1 } }, at)).toHaveProperty("misfit");
  });
});
