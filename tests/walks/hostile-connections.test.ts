/** Hostile connections to a whole server: too much, too slow, broken off, or no HTTP at all; nobody else notices. */
import { connect } from "node:net";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { expectClearError, expectNothingLeaked, post, sendRaw } from "../support/hostile.ts";
import { type HostileShop, openHostileShop } from "../support/hostile-shop.ts";
import type { TestServer } from "../support/server.ts";

let desk: HostileShop;
let server: TestServer;
let key: string;

beforeAll(async () => {
  desk = await openHostileShop();
  ({ server, key } = desk);
});
afterAll(() => desk.close());

const bearer = () => ({ authorization: `Bearer ${key}` });
const propose = (body: string | Uint8Array) => post(`${server.url}/v1/actions`, body, bearer());
const note = (text = "a note") => ({ tool: "shop.note", arguments: { text } });

/** After each piece of bad input: nothing was done upstream, and the server is as good as before. */
afterEach(expectUnharmed);

let count = 0;
async function expectUnharmed(): Promise<void> {
  await desk.expectUnharmed();
  count += 1;
  const good = await propose(JSON.stringify(note(`good ${count}`)));
  expect(good.body).toMatchObject({ status: "done" });
}

/** A proposal of a note whose raw JSON text is given piece by piece. */
const raw = (inner: string): string => `{"tool":"shop.note","arguments":{"text":"hostile"${inner}}}`;

describe("10 MB", () => {
  const megabytes = (many: number): string => raw(`,"x":"${"x".repeat(many * 1024 * 1024)}"`);

  it("declared is refused", async () => {
    expectClearError(await propose(megabytes(10)), "too_large");
  });

  it("in chunks of unknown number is refused", async () => {
    function* chunks() {
      yield `POST /v1/actions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ntransfer-encoding: chunked\r\n\r\n`;
      for (let index = 0; index < 160; index += 1) yield `10000\r\n${"x".repeat(65_536)}\r\n`;
      yield "0\r\n\r\n";
    }
    expect(await sendRaw(server.url, chunks())).toMatch(/^HTTP\/1\.1 413 [^]*"code":"too_large"/);
  });

  it("declared and never sent holds nobody up", async () => {
    const head = `POST /v1/actions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: 10485760\r\n\r\n`;
    expect(await sendRaw(server.url, [head, "{"])).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("without a key is refused before it is read", async () => {
    const head = "POST /v1/actions HTTP/1.1\r\nhost: x\r\ncontent-length: 4000000\r\n\r\n";
    expect(await sendRaw(server.url, [head, "{"])).toMatch(/^HTTP\/1\.1 401 [^]*"code":"unauthenticated"/);
  });

  it("without a key is refused before it is read, over MCP too", async () => {
    const head = "POST /mcp HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4000000\r\n\r\n";
    expect(await sendRaw(server.url, [head, "{"])).toMatch(/^HTTP\/1\.1 401 [^]*"Unauthorized/);
  });
});

describe("a connection", () => {
  it.each([
    ["no HTTP at all", "hello\r\n\r\n"],
    ["a header with a line break in its name", "GET /v1/health HTTP/1.1\r\nhost: x\r\nbad\u0000name: 1\r\n\r\n"],
    ["two lengths", "POST /v1/actions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"],
    [
      "a length and chunks",
      "POST /v1/actions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["headers of 100 KB", `GET /v1/health HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(100_000)}\r\n\r\n`],
    ["no host", "GET /v1/health HTTP/1.1\r\n\r\n"],
    ["a host that is none", "GET /v1/actions HTTP/1.1\r\nhost: a b\\c\r\n\r\n"],
  ])("with %s is ended with a word that tells nothing", async (_, bytes) => {
    const text = await sendRaw(server.url, [bytes], /\r\n\r\n/);
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
    expectNothingLeaked(text);
  });

  it("that sends its body for ever, letter by letter, keeps nobody else from being served", async () => {
    const head = `POST /v1/actions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: 1000\r\n\r\n{`;
    const slow = Array.from({ length: 200 }, () => sendRaw(server.url, [head]));
    const answer = await propose(JSON.stringify(note("beside 200 slow ones")));
    expect(answer.body).toMatchObject({ status: "done" });
    await server.restart();
    expect((await Promise.all(slow)).every((text) => !text.includes("200 OK"))).toBe(true);
  });

  it("that breaks off in the middle of its body leaves nothing behind", async () => {
    const head = `POST /v1/actions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: 1000\r\n\r\n`;
    for (let index = 0; index < 20; index += 1) {
      const { hostname, port } = new URL(server.url);
      const socket = connect({ host: hostname, port: Number(port) });
      // oxlint-disable-next-line no-await-in-loop -- one after the other, each gone before the next
      await new Promise<void>((resolve) => socket.write(`${head}${raw("").slice(0, 20)}`, () => resolve()));
      socket.resetAndDestroy();
    }
    expect((await server.admin.listActions({ status: "running" })).actions).toEqual([]);
  });
});
