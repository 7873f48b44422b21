/** What an MCP exchange says about the effect: done, refused, never sent, or unknown. */
import type { JsonObject } from "@airworthy/contract";

import type { ConnectorAnswer } from "../../../kernel/deps.ts";
import { isJsonObject } from "../../../kernel/json.ts";
import type { ExchangeOutcome } from "./mcp-exchange.ts";
import { McpProtocolError } from "./mcp-wire.ts";

/** Codes with which a server says that it did not begin. Others, `-32603` above all, may come after half the work. */
const saidNo = new Set([-32700, -32600, -32601, -32602, -32002, -32020, -32021, -32022, -32042]);
const isReservedCode = (code: number): boolean => code >= -32768 && code <= -32000;
const resultTypes = new Set<unknown>([undefined, "complete", "input_required"]);

function firstText(result: JsonObject): string {
  const { content } = result;
  if (!Array.isArray(content)) return "the tool reported an error";
  const text = content.find((block) => isJsonObject(block) && block["type"] === "text");
  return isJsonObject(text) && typeof text["text"] === "string"
    ? text["text"].slice(0, 500)
    : "the tool reported an error";
}

function answerOfResult(result: JsonObject): ConnectorAnswer {
  if (!resultTypes.has(result["resultType"])) {
    return { kind: "ambiguous", detail: "the server answered with a result type that this revision does not know" };
  }
  if (result["isError"] === true) return { kind: "rejected", code: "tool_error", detail: firstText(result), result };
  return { kind: "answered", result };
}

function answerOfStatus(status: number): ConnectorAnswer {
  const isNo = status >= 300 && status < 500 && status !== 408;
  if (!isNo) return { kind: "ambiguous", detail: `the server answered HTTP ${status}` };
  const code = status === 401 || status === 403 ? "upstream_unauthorized" : "upstream_http";
  return { kind: "rejected", code, detail: `the server answered HTTP ${status}` };
}

function answerOfError(outcome: ExchangeOutcome & { kind: "error" }): ConnectorAnswer {
  const { code, message, data, status } = outcome;
  if (status >= 500 || (isReservedCode(code) && !saidNo.has(code))) {
    return { kind: "ambiguous", detail: `the server answered error ${code}` };
  }
  const error = { code, message, ...(data !== undefined && { data }) };
  return { kind: "rejected", code: "upstream_error", detail: message.slice(0, 500), result: { error } };
}

/**
 * A tool call's outcome as the corridor understands it. A JSON-RPC refusal is `rejected` with code `upstream_error` and
 * result `{ error: { code, message, data } }`; {@link protocolErrorOf} reads it back.
 */
export function connectorAnswerOf(outcome: ExchangeOutcome): ConnectorAnswer {
  if (outcome.kind === "result") return answerOfResult(outcome.result);
  if (outcome.kind === "error") return answerOfError(outcome);
  if (outcome.kind === "status") return answerOfStatus(outcome.status);
  return { kind: outcome.kind === "unsent" ? "unsent" : "ambiguous", detail: outcome.detail };
}

/** The JSON-RPC error inside a `rejected` answer with code `upstream_error`, for a door that speaks MCP itself. */
export function protocolErrorOf(answer: ConnectorAnswer): McpProtocolError | undefined {
  if (answer.kind !== "rejected" || answer.code !== "upstream_error") return undefined;
  const { result } = answer;
  const error = isJsonObject(result) ? result["error"] : undefined;
  if (!isJsonObject(error) || typeof error["code"] !== "number") return undefined;
  const message = typeof error["message"] === "string" ? error["message"] : "error";
  return new McpProtocolError(error["code"], message, error["data"]);
}
