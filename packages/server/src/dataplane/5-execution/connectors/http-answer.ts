/** Says what an HTTP exchange means for the action: done, refused, never sent, or nobody knows. */
import type { GovernedTool, Json } from "@airworthy/contract";

import type { ConnectorAnswer } from "../../../kernel/deps.ts";
import { parseJsonStrict } from "../../../kernel/json.ts";
import { explainCause } from "../../../kernel/network/explain-cause.ts";
import type { Attempt } from "./guard.ts";
import type { Exchange } from "./http-exchange.ts";

export type ExchangeContext = {
  readonly tool: GovernedTool;
  /** What was sent to prove who we are: it must not come back to the agent. */
  readonly secret: string | undefined;
  /** Whether we log in with a certificate: some servers refuse one by closing the connection without a word. */
  readonly certified: boolean;
};

type Secretive = Pick<ExchangeContext, "tool" | "secret">;
type Answered = Extract<Exchange, { kind: "answered" }>;

export function judgeExchange(exchange: Exchange, { tool, secret, certified }: ExchangeContext): Attempt {
  const from = tool.connector;
  const { cause } = exchange.kind === "answered" ? { cause: "" } : exchange;
  const ours = cause === "too_late" || cause === "aborted";
  if (exchange.kind === "unsent") {
    const why = ours ? "its time was over before it could leave" : `${from} could not be reached`;
    return {
      answer: { kind: "unsent", detail: `Nothing was sent: ${why} (${explainCause(cause)}).` },
      healthy: ours,
      repeatable: !ours,
    };
  }
  if (exchange.kind === "broken") {
    const hint = certified && !ours && cause !== "timeout" ? " If it never answers, look at tls.cert." : "";
    const detail = `The answer of ${from} did not arrive whole after the request had left (${cause}).${hint}`;
    const code = cause === "timeout" ? "upstream_timeout" : "upstream_broken";
    return { answer: doubtful(tool, code, detail), healthy: ours, repeatable: !ours };
  }
  return judgeStatus(exchange, { tool, secret });
}

function judgeStatus(exchange: Answered, { tool, secret }: Secretive): Attempt {
  const { status } = exchange;
  const detail = `${tool.connector} answered with status ${status}.`;
  if (status < 300) return { answer: readSuccess(exchange, { tool, secret }), healthy: true, repeatable: false };
  if (status < 400) return { answer: judgeRedirect(status, tool), healthy: true, repeatable: false };
  if (status >= 500) {
    return {
      answer: doubtful(tool, "upstream_error", detail),
      healthy: false,
      repeatable: true,
      ...retryAfter(exchange),
    };
  }
  const body = readBody(exchange, secret);
  const result = "value" in body && body.value !== null ? { result: body.value } : {};
  if (status === 408 || status === 425 || status === 429) {
    const answer: ConnectorAnswer = { kind: "rejected", code: "upstream_busy", detail, ...result };
    return { answer, healthy: true, repeatable: true, ...retryAfter(exchange) };
  }
  return { answer: { kind: "rejected", code: `http_${status}`, detail, ...result }, healthy: true, repeatable: false };
}

/** A read without a good answer failed and changed nothing; a write may have been done all the same. */
function doubtful(tool: GovernedTool, code: string, detail: string): ConnectorAnswer {
  return tool.effect === "read" ? { kind: "rejected", code, detail } : { kind: "ambiguous", detail };
}

/** After 302, 303 and the like a write may well have been done; 301, 307 and 308 say that it was not done here. */
function judgeRedirect(status: number, tool: GovernedTool): ConnectorAnswer {
  const detail = `${tool.connector} answered with status ${status}, and redirects are never followed. Correct its baseUrl.`;
  if (tool.effect === "write" && ![301, 307, 308].includes(status)) return { kind: "ambiguous", detail };
  return { kind: "rejected", code: "redirect", detail };
}

function readSuccess(exchange: Answered, { tool, secret }: Secretive): ConnectorAnswer {
  const { etag } = exchange.headers;
  const version = etag === undefined ? {} : { version: etag };
  const body = readBody(exchange, secret);
  if ("value" in body) return { kind: "answered", result: body.value, ...version };
  // The status alone says that the write was done, whatever its body is.
  if (tool.effect === "write") return { kind: "answered", result: null, ...version };
  const detail = `${tool.connector} answered, but its answer cannot be read: ${body.problem}`;
  return { kind: "rejected", code: "bad_answer", detail };
}

function readBody({ body, headers }: Answered, secret: string | undefined): { value: Json } | { problem: string } {
  if (body === undefined) return { problem: "it is too large." };
  if (body.length === 0) return { value: null };
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") return { problem: "it is compressed, although that was declined." };
  try {
    return { value: parseJsonStrict(redact(body, secret), { maxBytes: Number.POSITIVE_INFINITY }) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : "it is not JSON." };
  }
}

const shortestSecret = 8;

/** Some systems repeat a request's headers when they answer. Shorter secrets would match by chance. */
function redact(body: Buffer, secret: string | undefined): Buffer {
  if (secret === undefined || secret.length < shortestSecret || !body.includes(secret)) return body;
  return Buffer.from(body.toString("utf8").replaceAll(secret, "[redacted]"));
}

function retryAfter({ headers }: Answered): { retryAfterMs?: number } {
  const seconds = Number(headers["retry-after"] ?? "");
  return seconds > 0 && seconds < 3600 ? { retryAfterMs: seconds * 1000 } : {};
}
