/** The HTTP door: mounts the contract's table, admits callers, and turns failures into one shape. */
import {
  AirworthyError,
  api,
  type ErrorBody,
  type ErrorCode,
  type Json,
  type JsonObject,
  type Operation,
  type Scope,
  operations,
} from "@airworthy/contract";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type Context, Hono } from "hono";

import type { Principal } from "../../kernel/action-walk.ts";
import { isJsonObject, type JsonLimits, parseJsonStrict } from "../../kernel/json.ts";
import type { Handlers } from "./handlers.ts";
import { mayCall } from "./identity.ts";
import { writeOpenApi } from "./openapi.ts";
import { readBytes } from "./read-bytes.ts";

export type ApiOptions = {
  readonly handlers: Handlers;
  readonly identify: (headers: {
    authorization: string | undefined;
    tenant: string | undefined;
    onBehalfOf: string | undefined;
  }) => Promise<Principal | undefined>;
  /** Told of every failure that is ours, with the id that the caller was shown. */
  readonly onFailure: (correlationId: string, error: unknown) => void;
};
type Env = { Bindings: HttpBindings };
type BodyLimits = JsonLimits & { readonly maxBytes: number };

const mebibyte = 1024 * 1024;
const bodyLimits: BodyLimits = { maxBytes: 4 * mebibyte };
/** A configuration may be larger than any proposal, and a recall's plan names every action with its reasons. */
const wideBodyLimits: Readonly<Partial<Record<Operation, BodyLimits>>> = {
  planConfig: { maxBytes: 24 * mebibyte },
  applyConfig: { maxBytes: 24 * mebibyte },
  startRecall: { maxBytes: 24 * mebibyte, maxKeys: 1_000_000 },
};

const statusOf: Record<ErrorCode, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503> = {
  invalid_input: 400,
  invalid_json: 400,
  too_large: 413,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  idempotency_mismatch: 422,
  rate_limited: 429,
  unavailable: 503,
  internal: 500,
};

export function createApi(options: ApiOptions): Hono<Env> {
  const app = new Hono<Env>();
  for (const name of operations) {
    const route = api[name];
    app.on(route.method, route.path.replaceAll(/\{(\w+)\}/g, ":$1"), (c) => answer(c, name, options));
  }
  const document = writeOpenApi(api);
  app.get("/v1/openapi.json", (c) => c.json(document));
  app.notFound(() =>
    fail(new AirworthyError("not_found", "There is no such operation.", { fix: "See /v1/openapi.json." })),
  );
  app.onError((error) => failWith(error, options));
  return app;
}

async function answer(c: Context<Env>, name: Operation, options: ApiOptions): Promise<Response> {
  const scopes: readonly Scope[] = api[name].scopes;
  // A public operation asks nobody who calls: health must be told when the store that knows the keys is silent.
  const principal = scopes.includes("public")
    ? undefined
    : await options.identify({
        authorization: c.req.header("authorization"),
        tenant: c.req.header("airworthy-tenant"),
        onBehalfOf: c.req.header("airworthy-on-behalf-of"),
      });
  if (!mayCall(principal, scopes)) throw principal ? forbidden(name) : unauthenticated();
  const parsed = api[name].input.safeParse(await readInput(c, name));
  if (!parsed.success) throw invalid(parsed.error.issues);
  const caller = {
    principal: principal ?? { tenant: "", kind: "person" as const, name: "anonymous", scopes: [] },
    sink: { notify: () => undefined, signal: c.req.raw.signal },
    onDelivered: (work: () => void) => void c.env.outgoing.once("finish", work),
  };
  // The table pairs each name with its own input schema; the compiler cannot follow the pair through the lookup.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const handle = options.handlers[name] as (input: unknown, as: typeof caller) => Promise<unknown>;
  return send(c, await handle(parsed.data, caller));
}

/** Writes to the socket itself: a web response would be read back as a stream first, which may even wait for a timer. */
function send({ env: { outgoing } }: Context<Env>, answered: unknown): Response {
  const text = JSON.stringify(answered);
  outgoing.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  outgoing.end(text);
  return RESPONSE_ALREADY_SENT;
}

/** Path parameters, and the query (GET, DELETE) or the body (POST), as one object; a body cannot overrule the path. */
async function readInput(c: Context<Env>, name: Operation): Promise<Json> {
  const rest = api[name].method === "POST" ? await readBody(c, name) : c.req.query();
  return { ...rest, ...c.req.param() };
}

async function readBody(c: Context<Env>, name: Operation): Promise<JsonObject> {
  const limits = wideBodyLimits[name] ?? bodyLimits;
  const value = parseJsonStrict(await readBytes(c.env.incoming, limits.maxBytes), limits);
  if (isJsonObject(value)) return value;
  throw new AirworthyError("invalid_input", "The body must be a JSON object.", {
    place: "$",
    fix: "Send an object in braces.",
  });
}

function failWith(error: unknown, options: ApiOptions): Response {
  if (error instanceof AirworthyError && error.code !== "internal") return fail(error);
  const id = crypto.randomUUID();
  options.onFailure(id, error);
  return fail(new AirworthyError("internal", `Something went wrong here; the log has it under ${id}.`));
}

function fail(error: AirworthyError): Response {
  const { code, message, retryable, place, fix } = error;
  const body: ErrorBody = {
    code,
    message,
    retryable,
    ...(place === undefined ? {} : { place }),
    ...(fix === undefined ? {} : { fix }),
  };
  const headers = code === "unauthenticated" ? { "www-authenticate": "Bearer" } : {};
  return Response.json(body, { status: statusOf[code], headers });
}

type Issue = { readonly path: readonly PropertyKey[]; readonly message: string };

function invalid(issues: readonly Issue[]): AirworthyError {
  const [first] = issues;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  // Both may repeat names that the caller made up, of any length and number.
  return new AirworthyError("invalid_input", `${shorten(first?.message ?? "The input does not fit.")}${more}`, {
    place: shorten(["$", ...(first?.path ?? []).map(String)].join(".")),
    fix: "See /v1/openapi.json for what this operation takes.",
  });
}

const shownMax = 300;

function shorten(text: string): string {
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)}…`;
}

function unauthenticated(): AirworthyError {
  return new AirworthyError("unauthenticated", "This needs a key, and a good one.", {
    place: "header Authorization",
    fix: "Send Authorization: Bearer <key>; `airworthy agents key NAME` makes one.",
  });
}

function forbidden(name: Operation): AirworthyError {
  return new AirworthyError("forbidden", `Your key does not allow ${name}.`, {
    fix: `It takes one of these roles: ${api[name].scopes.join(", ")}.`,
  });
}
