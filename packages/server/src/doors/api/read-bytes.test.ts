/** Bodies: whole with and without a stated length, refused when too large, and never waited for once broken off. */
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";

import { expect, test } from "vitest";

import { readBytes } from "./read-bytes.ts";

function incomingOf(headers: Record<string, string> = {}): PassThrough & IncomingMessage {
  return Object.assign(new PassThrough(), { headers }) as unknown as PassThrough & IncomingMessage;
}

test("A body without a stated length is read to its end.", async () => {
  const incoming = incomingOf();
  const read = readBytes(incoming, 10);
  incoming.write("hello");
  incoming.end(" you");
  expect((await read).toString()).toBe("hello you");
});

test("A request without a body gives no bytes.", async () => {
  const incoming = incomingOf();
  const read = readBytes(incoming, 10);
  incoming.end();
  expect((await read).length).toBe(0);
});

test("A stated length above the cap is refused before a byte is read.", async () => {
  await expect(readBytes(incomingOf({ "content-length": "11" }), 10)).rejects.toMatchObject({ code: "too_large" });
});

test("A byte too many is refused, whatever was stated, and the rest runs off.", async () => {
  const incoming = incomingOf({ "content-length": "3" });
  const read = readBytes(incoming, 10);
  incoming.write("x".repeat(11));
  await expect(read).rejects.toMatchObject({ code: "too_large" });
  incoming.end("more");
  await new Promise((resolve) => incoming.once("end", resolve));
  expect(incoming.readableLength).toBe(0);
});

test("A body that breaks off is refused.", async () => {
  const incoming = incomingOf();
  const read = readBytes(incoming, 10);
  incoming.write("half");
  incoming.destroy();
  await expect(read).rejects.toMatchObject({ code: "invalid_json" });
});
