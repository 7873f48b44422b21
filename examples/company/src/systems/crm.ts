/** The CRM: accounts and notices over HTTP and JSON. Its list view is a replica that lags; a single account is exact. */
import { createHash, randomUUID } from "node:crypto";
import { getRequestListener } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { z } from "zod";
import { ACCOUNT_STATUSES, type Account, type AccountStatus } from "../world/records.ts";
import { bearerOf, isSameSecret, listenOnLoopback, type Listening } from "./loopback.ts";

const STAFF_HEADER = "x-staff-token";
const PAGE_SIZE = 200;

const statusChange = z.strictObject({ status: z.enum(ACCOUNT_STATUSES), reason: z.string().min(1) });
const noticeBody = z.strictObject({ subject: z.string().min(1).max(200), body: z.string().min(1).max(5_000) });

export type Notice = z.infer<typeof noticeBody> & {
  readonly id: string;
  readonly accountId: string;
  readonly to: string;
  readonly sentAt: string;
};

export type CrmOptions = {
  readonly accounts: readonly Account[];
  /** Every request carries it as a bearer token. */
  readonly token: string;
  /** People who change a status carry this too, as `X-Staff-Token`. */
  readonly staffToken: string;
  /** Time between two refreshes of the list replica; default 90 s. */
  readonly lagMs?: number;
  readonly port?: number;
};

export type CrmSystem = Listening & {
  /** Copies the accounts to the list replica now, and starts its interval anew. Returns the replica's as-of time. */
  readonly refreshReplica: () => Promise<string>;
  /** Changes a status the way people do: through the HTTP interface, with the staff token. */
  readonly changeStatus: (change: {
    readonly accountId: string;
    readonly status: AccountStatus;
    readonly reason: string;
  }) => Promise<void>;
  /** What customers really received, oldest first. */
  readonly notices: () => readonly Notice[];
};

type Stored = { readonly account: Account; readonly version: number };

type State = {
  readonly accounts: Map<string, Stored>;
  readonly notices: Notice[];
  readonly sentByKey: Map<string, { readonly digest: string; readonly notice: Notice }>;
  replica: { readonly asOf: string; readonly accounts: readonly Account[] };
};

export async function startCrm(options: CrmOptions): Promise<CrmSystem> {
  const state: State = {
    accounts: new Map(options.accounts.map((account) => [account.id, { account, version: 1 }])),
    notices: [],
    sentByKey: new Map(),
    replica: { asOf: new Date().toISOString(), accounts: options.accounts },
  };
  const refresh = (): void => {
    const accounts = [...state.accounts.values()].map((stored) => stored.account);
    state.replica = { asOf: new Date().toISOString(), accounts };
  };
  const timer = setInterval(refresh, options.lagMs ?? 90_000);
  timer.unref();

  const listening = await listenOnLoopback(getRequestListener(routes(state, options).fetch), options.port);
  return {
    url: listening.url,
    close: async () => {
      clearInterval(timer);
      await listening.close();
    },
    refreshReplica: () => {
      refresh();
      timer.refresh();
      return Promise.resolve(state.replica.asOf);
    },
    changeStatus: (change) => postStatus(listening.url, options, change),
    notices: () => state.notices,
  };
}

function routes(state: State, options: CrmOptions): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    if (isSameSecret(bearerOf(context.req.header("authorization")), options.token)) return await next();
    context.header("www-authenticate", 'Bearer realm="crm"');
    return context.json({ error: "unauthorized", message: "send Authorization: Bearer <token>" }, 401);
  });
  app.get("/accounts", (context) => listAccounts(state, context));
  app.get("/accounts/:id", (context) => getAccount(state, context));
  app.post("/accounts/:id/status", async (context) => {
    if (isSameSecret(context.req.header(STAFF_HEADER), options.staffToken)) return await setStatus(state, context);
    return context.json({ error: "forbidden", message: "only staff change a status: send X-Staff-Token" }, 403);
  });
  app.get("/accounts/:id/notices", (context) => {
    const id = context.req.param("id");
    return context.json({ notices: state.notices.filter((notice) => notice.accountId === id) });
  });
  app.post("/accounts/:id/notices", (context) => sendNotice(state, context));
  return app;
}

/** Served from the replica: `asOf` says how old it is. */
function listAccounts(state: State, context: Context): Response {
  const status = z.enum(ACCOUNT_STATUSES).optional().safeParse(context.req.query("status"));
  const limit = z.coerce.number().int().min(1).max(PAGE_SIZE).default(PAGE_SIZE).safeParse(context.req.query("limit"));
  if (!status.success || !limit.success) {
    const message = `status is one of ${ACCOUNT_STATUSES.join(", ")}; limit is 1 to ${PAGE_SIZE}`;
    return context.json({ error: "bad_request", message }, 400);
  }
  const cursor = context.req.query("cursor") ?? "";
  const { asOf, accounts } = state.replica;
  const rest = accounts.filter(
    (account) => account.id > cursor && (status.data === undefined || account.status === status.data),
  );
  const page = rest.slice(0, limit.data);
  return context.json({
    asOf,
    accounts: page.map(({ id, name, status: at, owner, region, creditTier }) => {
      return { id, name, status: at, owner, region, creditTier };
    }),
    nextCursor: rest.length > page.length ? (page.at(-1)?.id ?? null) : null,
  });
}

/** The record itself: true at the time of the answer. */
function getAccount(state: State, context: Context): Response {
  const stored = state.accounts.get(context.req.param("id") ?? "");
  if (stored === undefined) return noSuchAccount(context);
  const etag = `"v${stored.version}"`;
  context.header("etag", etag);
  context.header("cache-control", "no-cache");
  if (context.req.header("if-none-match") === etag) return context.body(null, 304);
  return context.json({ ...stored.account, version: stored.version });
}

async function setStatus(state: State, context: Context): Promise<Response> {
  const change = statusChange.safeParse(await readJson(context));
  const stored = state.accounts.get(context.req.param("id") ?? "");
  if (stored === undefined) return noSuchAccount(context);
  if (!change.success) return context.json({ error: "bad_request", message: z.prettifyError(change.error) }, 400);
  const account = { ...stored.account, status: change.data.status, updatedAt: new Date().toISOString() };
  const version = stored.version + 1;
  state.accounts.set(account.id, { account, version });
  context.header("etag", `"v${version}"`);
  return context.json({ ...account, version });
}

async function sendNotice(state: State, context: Context): Promise<Response> {
  const body = noticeBody.safeParse(await readJson(context));
  const stored = state.accounts.get(context.req.param("id") ?? "");
  if (stored === undefined) return noSuchAccount(context);
  if (!body.success) return context.json({ error: "bad_request", message: z.prettifyError(body.error) }, 400);
  const key = context.req.header("idempotency-key");
  const digest = createHash("sha256")
    .update(JSON.stringify([stored.account.id, body.data.subject, body.data.body]))
    .digest("hex");
  const before = key === undefined ? undefined : state.sentByKey.get(key);
  if (before !== undefined && before.digest !== digest) {
    return context.json({ error: "key_reused", message: "this Idempotency-Key sent another notice" }, 422);
  }
  if (before !== undefined) return context.json(before.notice, 200);
  const { id: accountId, notificationEmail: to } = stored.account;
  const notice = { id: `ntc_${randomUUID()}`, accountId, to, ...body.data, sentAt: new Date().toISOString() };
  state.notices.push(notice);
  if (key !== undefined) state.sentByKey.set(key, { digest, notice });
  return context.json(notice, 201);
}

async function readJson(context: Context): Promise<unknown> {
  return await context.req.json().catch(() => undefined);
}

function noSuchAccount(context: Context): Response {
  return context.json({ error: "not_found", message: "no such account" }, 404);
}

async function postStatus(
  url: string,
  options: CrmOptions,
  change: { readonly accountId: string; readonly status: AccountStatus; readonly reason: string },
): Promise<void> {
  const response = await fetch(`${url}/accounts/${change.accountId}/status`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${options.token}`,
      [STAFF_HEADER]: options.staffToken,
      "content-type": "application/json",
    },
    body: JSON.stringify({ status: change.status, reason: change.reason }),
  });
  if (!response.ok) throw new Error(`crm: status of ${change.accountId} not changed, HTTP ${response.status}`);
}
