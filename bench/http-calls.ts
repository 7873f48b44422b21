/** Calls over HTTP that check their answer: a proposal to the server, and the same request made of the upstream itself. */
import { randomBytes } from "node:crypto";

import type { Pool } from "undici";

import type { Call } from "./load.ts";
import { WrongAnswer } from "./row.ts";

export type Tool = "bank.write" | "bank.read" | "bank.refund";

/** No two calls of a run are the same call, nor those of two runs. */
const run = randomBytes(4).toString("hex");
const serial = { next: 0 };
const unique = (): string => `${run}-${(serial.next += 1)}`;

function argumentsOf(tool: Tool): object {
  const name = unique();
  if (tool !== "bank.refund") return { text: `a note of the length that such notes have, number ${name}` };
  return { account: `acc-${name}`, invoice: `inv-${name}`, amountMinor: 4200 };
}

export type Answered = { readonly status: string; readonly text: string };

export function createProposer(pool: Pool, key: string): (tool: Tool) => Promise<Answered> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  return async (tool) => {
    const body = JSON.stringify({ tool, arguments: argumentsOf(tool) });
    const answer = await pool.request({ path: "/v1/actions", method: "POST", headers, body });
    const text = await answer.body.text();
    return { status: String(Object(JSON.parse(text)).status), text };
  };
}

/** One governed action that must be carried out. */
export function governedCall(pool: Pool, key: string, tool: Tool): Call {
  const propose = createProposer(pool, key);
  return async () => {
    const { status, text } = await propose(tool);
    if (status !== "done") throw new WrongAnswer(`${tool} was not done: ${text}`);
  };
}

/** The request that the server would make of the upstream, made directly or through a proxy that governs nothing. */
export function bareCall(pool: Pool): Call {
  const headers = { "content-type": "application/json" };
  return async () => {
    const body = JSON.stringify(argumentsOf("bank.write"));
    const answer = await pool.request({ path: "/writes", method: "POST", headers, body });
    const text = await answer.body.text();
    if (answer.statusCode !== 200 || !text.includes("true")) throw new WrongAnswer(`the upstream answered ${text}`);
  };
}
