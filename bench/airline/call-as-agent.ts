/** Calls tools over MCP as one agent does; what is held for a person hears no, so that the call comes to its end. */
import { setTimeout as sleep } from "node:timers/promises";

import type { Json, JsonObject } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";

import { isJsonArray, isJsonObject } from "../../packages/server/src/kernel/json.ts";
import { info, revision } from "../mcp-tools.ts";
import { WrongAnswer } from "../row.ts";
import type { Action } from "./airline-data.ts";
import type { Called } from "./replay.ts";

export type Caller = { readonly url: string; readonly key: string; readonly reviewer: Client };

export function createCaller({ url, key, reviewer }: Caller): (action: Action) => Promise<Called> {
  return async ({ name, args }) => {
    const tool = `airline.${name}`;
    const settled = new AbortController();
    const [result] = await Promise.all([
      post({ url, key, tool, args }).finally(() => settled.abort()),
      rejectWhatWaits(reviewer, settled.signal),
    ]);
    return readResult(tool, result);
  };
}

type Post = { readonly url: string; readonly key: string; readonly tool: string; readonly args: JsonObject };

async function post({ url, key, tool, args }: Post): Promise<JsonObject> {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": revision,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": info,
  };
  const response = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": revision,
      "mcp-method": "tools/call",
      "mcp-name": tool,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: tool, arguments: args, _meta: meta },
    }),
  });
  const text = await response.text();
  const message: Json = JSON.parse(text.startsWith("{") ? text : (/^data: (\{.*)$/m.exec(text)?.[1] ?? "null"));
  const result = isJsonObject(message) ? message["result"] : undefined;
  if (!isJsonObject(result)) throw new WrongAnswer(`${tool} answered ${text.slice(0, 500)}`);
  return result;
}

/** Most calls are answered long before anybody is asked. */
async function rejectWhatWaits(reviewer: Client, settled: AbortSignal): Promise<void> {
  while (!settled.aborted) {
    await sleep(250, undefined, { signal: settled }).catch(() => undefined);
    if (settled.aborted) break;
    const { approvals } = await reviewer.listApprovals({ status: "pending" });
    for (const { id } of approvals) {
      await reviewer.decideApproval({ id, verdict: "reject", reason: "this is a replay" });
    }
  }
}

/** Held for a person is what still waits, when the gateway holds calls for a shorter time, and what has heard no. */
function readResult(tool: string, result: JsonObject): Called {
  const meta = result["_meta"];
  const action = isJsonObject(meta) ? meta["airworthy/action"] : undefined;
  const status = isJsonObject(action) ? action["status"] : undefined;
  const decision = isJsonObject(action) ? action["decision"] : undefined;
  const reasons = isJsonObject(decision) && isJsonArray(decision["reasons"]) ? decision["reasons"] : [];
  const answer = textOf(result);
  if (status === "done" || status === "failed") return { verdict: "passed", rules: [], answer };
  if (status !== "refused" && status !== "waiting") {
    throw new WrongAnswer(`${tool} was ${JSON.stringify(status)}: ${answer}`);
  }
  const rules = [...new Set(reasons.flatMap(ruleOf))];
  const isAsked = status === "waiting" || rules.includes(rejected);
  return { verdict: isAsked ? "escalated" : "denied", rules: rules.filter((rule) => rule !== rejected), answer };
}

const rejected = "approval_rejected";

function textOf({ content }: JsonObject): string {
  const [first] = isJsonArray(content) ? content : [];
  return isJsonObject(first) && typeof first["text"] === "string" ? first["text"] : "";
}

/** The policy, or the code of a reason that is none; a permit is not what held the call. */
function ruleOf(reason: Json): string[] {
  if (!isJsonObject(reason) || reason["effect"] === "allow") return [];
  const { policy, code } = reason;
  const id = isJsonObject(policy) ? policy["id"] : code;
  return typeof id === "string" && id !== "agents-may" ? [id] : [];
}
