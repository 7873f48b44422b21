/** What a hostile client has: raw sockets, bodies that no client library would send, and an eye for what leaks. */
import { once } from "node:events";
import { connect } from "node:net";

import { ErrorBody } from "@airworthy/contract";
import { expect } from "vitest";

export type Sent = { readonly status: number; readonly text: string; readonly body: unknown };

/** Posts exactly these bytes to the HTTP API. */
export async function post(
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Sent> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : Buffer.from(body),
  });
  return sentOf(response.status, await response.text());
}

export async function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Sent> {
  const response = await fetch(url, { headers });
  return sentOf(response.status, await response.text());
}

function sentOf(status: number, text: string): Sent {
  try {
    return { status, text, body: JSON.parse(text) as unknown };
  } catch {
    return { status, text, body: undefined };
  }
}

/** Writes pieces to a socket one by one and answers all that came back until the server closed or `endOn` was seen. */
export async function sendRaw(
  url: string,
  pieces: Iterable<string | Uint8Array>,
  endOn: RegExp = /\r\n\r\n[^]*\}/,
): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  // A server that has said no may close while we still write; that is its right.
  socket.on("error", () => undefined);
  let received = "";
  const over = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      if (endOn.test(received)) resolve();
    });
    socket.on("close", () => resolve());
  });
  await once(socket, "connect");
  for (const piece of pieces) {
    if (socket.destroyed) break;
    // oxlint-disable-next-line no-await-in-loop -- in order, and no faster than the server reads
    await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
  }
  await over;
  socket.destroy();
  return received;
}

const traces: readonly (readonly [string, RegExp])[] = [
  ["a stack", /\bat (?:async )?[\w.<>]* ?\(?(?:file:|node:|\/)/],
  ["a module", /node_modules|node:internal/],
  ["a source file", /\/(?:packages|src)\/|\.[cm]?ts:\d/],
  ["SQL", /\b(?:select|insert into|update|delete from)\b[^.]*\b(?:from|values|set|where)\b/i],
  ["a database's words", /SQLSTATE|relation "|column "|violates|invalid byte sequence|pg_|postgres(?:ql)?:/i],
  ["an engine's words", /Cannot read propert|is not a function|undefined \(reading|Unexpected token/],
];

/** Fails when a text that leaves the server holds what is nobody's business, or one of these secrets. */
export function expectNothingLeaked(text: string, secrets: readonly string[] = []): void {
  for (const [what, pattern] of traces) expect(text, `leaks ${what}`).not.toMatch(pattern);
  for (const secret of secrets) expect(text.includes(secret), "leaks a secret").toBe(false);
}

/** A clear error: the one shape, a code, a sentence, what to do about it, and nothing leaked. */
export function expectClearError({ status, text, body }: Sent, code: string | RegExp): ErrorBody {
  expectNothingLeaked(text);
  expect(status, text).toBeGreaterThanOrEqual(400);
  expect(status, text).toBeLessThan(500);
  const error = ErrorBody.parse(body);
  expect(error.code).toMatch(code);
  expect(error.message.length).toBeGreaterThan(10);
  expect(text.length).toBeLessThan(2000);
  expect(error.retryable).toBe(false);
  expect(error.fix, text).toBeTruthy();
  return error;
}

export const mcpRevision = "2026-07-28";

/** One MCP message as the current revision wants it. `change` sees it before it is sent. */
export function mcpMessage(tool: unknown, args: unknown, meta: Readonly<Record<string, unknown>> = {}) {
  return {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: {
      name: tool,
      arguments: args,
      _meta: {
        "io.modelcontextprotocol/protocolVersion": mcpRevision,
        "io.modelcontextprotocol/clientCapabilities": {},
        ...meta,
      },
    },
  };
}

export function mcpHeaders(key: string, tool: string): Record<string, string> {
  return {
    authorization: `Bearer ${key}`,
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": mcpRevision,
    "mcp-method": "tools/call",
    "mcp-name": /^[\x21-\x7e]+$/.test(tool) ? tool : `=?base64?${Buffer.from(tool).toString("base64")}?=`,
  };
}

/** Random choices that a seed repeats. @see mulberry32, public domain. */
export function seeded(seed: number) {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (limit: number): number => Math.floor(next() * limit),
    pick: <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T,
    chance: (share: number): boolean => next() < share,
  };
}
export type Seeded = ReturnType<typeof seeded>;
