/** The connector for HTTP systems of record: one request a call, to the host the operator named and to no other. */
import { AirworthyError } from "@airworthy/contract";
import type { HttpConnector, HttpTool } from "@airworthy/contract";
import { Pool } from "undici";

import type { ConnectorAnswer, ConnectorCall } from "../../../kernel/deps.ts";
import { createConnect } from "../../../kernel/network/create-connect.ts";
import { createPeers, type Peers } from "../../../kernel/network/create-peers.ts";
import type { Peer } from "../../../kernel/network/peer.ts";
import { createGuards } from "./guard.ts";
import type { GuardOptions } from "./guard.ts";
import { judgeExchange } from "./http-answer.ts";
import { sendRequest } from "./http-exchange.ts";
import { buildHttpRequest } from "./http-request.ts";
import type { HttpRequest } from "./http-request.ts";
import { fillUrl, readAuthHeader, readPem } from "./secrets.ts";
import type { Environment } from "./secrets.ts";

export type HttpConnectorOptions = {
  readonly env: Environment;
  readonly guard?: GuardOptions;
  /** Longest answer that is read. Default 4 MiB. */
  readonly maxBodyBytes?: number;
};

/** `call` never rejects for what an upstream does. Deadlines of calls are on `performance.now()`. */
export type HttpConnectorPort = {
  readonly type: "http";
  readonly call: (call: ConnectorCall) => Promise<ConnectorAnswer>;
  readonly close: () => Promise<void>;
};

type Prepared = {
  readonly origin: string;
  readonly peer: Peer;
  readonly request: HttpRequest;
  readonly secret: string | undefined;
};

const connectTimeoutMs = 5000;
const connections = 64;

export function createHttpConnector(options: HttpConnectorOptions): HttpConnectorPort {
  const guards = createGuards({ concurrency: connections, ...options.guard });
  const { env } = options;
  const pools = createPools();
  const peers = createPeers({ text: (ref) => readPem(ref, env), fill: (text) => fillUrl(text, env), now: Date.now });
  const maxBodyBytes = options.maxBodyBytes ?? 4 * 1024 * 1024;
  return {
    type: "http",
    async call(call) {
      const prepared = prepare(call, { env, peers });
      if ("kind" in prepared) return prepared;
      const pool = pools.take(call, prepared);
      // A write runs to its end though the caller has gone: half an effect helps nobody.
      const signal = call.tool.effect === "read" ? call.sink?.signal : undefined;
      return guards.run(call, async (deadlineMonoMs) => {
        const { dispatchBeforeMonoMs } = call;
        const limits = { deadlineMonoMs, dispatchBeforeMonoMs, maxBodyBytes, ...(signal ? { signal } : {}) };
        const exchanged = await sendRequest(pool, prepared.request, limits);
        return judgeExchange(exchanged, {
          tool: call.tool,
          secret: prepared.secret,
          certified: prepared.peer.tls !== undefined,
        });
      });
    },
    close: pools.close,
  };
}

type Pools = {
  readonly take: (call: ConnectorCall, to: Pick<Prepared, "origin" | "peer">) => Pool;
  readonly close: () => Promise<void>;
};

/** One pool for each connector and origin; a changed certificate or proxy opens a new one and lets the old one finish. */
function createPools(): Pools {
  const pools = new Map<string, { readonly pool: Pool; readonly peer: Peer }>();
  return {
    take(call, { origin, peer }) {
      const key = JSON.stringify([call.tenant, call.tool.connector, origin]);
      const known = pools.get(key);
      if (known?.peer === peer) return known.pool;
      if (known !== undefined) void known.pool.close();
      const pool = new Pool(origin, { connections, pipelining: 1, connect: createConnect(peer, connectTimeoutMs) });
      pools.set(key, { pool, peer });
      return pool;
    },
    async close() {
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()));
      pools.clear();
    },
  };
}

type Lookups = { readonly env: Environment; readonly peers: Peers };

function prepare(call: ConnectorCall, { env, peers }: Lookups): Prepared | ConnectorAnswer {
  const connector = call.snapshot.connectors[call.tool.connector];
  const { definition } = call.tool;
  if (connector?.type !== "http" || !isHttpTool(definition)) {
    return { kind: "unsent", detail: `${call.tool.name} is not a tool of an HTTP connector.` };
  }
  try {
    const base = parseBaseUrl(connector, env);
    const basePath = base.pathname.replace(/\/+$/, "");
    const request = buildHttpRequest(definition, call.arguments, { basePath, idempotencyKey: call.idempotencyKey });
    if ("misfit" in request) return { kind: "rejected", code: "invalid_arguments", detail: request.misfit };
    const auth = connector.auth && readAuthHeader(connector.auth, env);
    const signed = auth ? { ...request, headers: { ...request.headers, [auth.name]: auth.value } } : request;
    return { origin: base.origin, peer: peers(connector), request: signed, secret: auth?.secret };
  } catch (error) {
    if (error instanceof AirworthyError) return { kind: "unsent", detail: error.message };
    throw error;
  }
}

function isHttpTool(definition: ConnectorCall["tool"]["definition"]): definition is HttpTool {
  return "request" in definition;
}

function parseBaseUrl(connector: HttpConnector, env: Environment): URL {
  const text = fillUrl(connector.baseUrl, env);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url !== undefined && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (plain && (url.protocol === "http:" || url.protocol === "https:")) return url;
  // The text is not repeated: it may hold a password.
  throw new AirworthyError("invalid_input", `The baseUrl of ${connector.name} is not a plain http or https URL.`, {
    place: `Connector ${connector.name}, baseUrl`,
    fix: "Give scheme, host and path only; put credentials under auth.",
  });
}
