/** The client: one typed method for each operation of the table. */
import { api, type Input, type Operation, type Output, type Route } from "@airworthy/contract";

import { readAnswer, unreachable, type WireAnswer } from "./answer.ts";
import { buildRequest, type Caller } from "./request.ts";

/** The part of `fetch` that is used, so that a test or another transport can stand in. */
export type FetchLike = (
  url: string,
  init: RequestInit,
) => Promise<{ readonly ok: boolean; readonly status: number; readonly text: () => Promise<string> }>;

export type ClientOptions = {
  /** Where the server answers, such as `http://127.0.0.1:4747`. */
  readonly baseUrl: string;
  /** An agent's or a person's API key. */
  readonly key?: string;
  readonly fetch?: FetchLike;
  /** Only a local administrator may choose a tenant; every other key belongs to one. */
  readonly tenant?: string;
  /** A token of the person on whose behalf an agent calls, from an issuer of the configuration. */
  readonly onBehalfOf?: string;
};

/** `signal` gives up waiting; the server may still carry the action out. */
export type CallOptions = { readonly signal?: AbortSignal };

type Method<O extends Operation> =
  Record<string, never> extends Input<O>
    ? (input?: Input<O>, options?: CallOptions) => Promise<Output<O>>
    : (input: Input<O>, options?: CallOptions) => Promise<Output<O>>;

/** Every method rejects with AirworthyError; `retryable` says whether the same call may succeed later. */
export type Client = { readonly [O in Operation]: Method<O> };

export function createClient(options: ClientOptions): Client {
  const call = createCaller(options);
  return {
    proposeAction: (input, with_) => call("proposeAction", input, with_),
    listActions: (input, with_) => call("listActions", input ?? {}, with_),
    readAction: (input, with_) => call("readAction", input, with_),
    explainAction: (input, with_) => call("explainAction", input, with_),
    resolveAction: (input, with_) => call("resolveAction", input, with_),
    listApprovals: (input, with_) => call("listApprovals", input ?? {}, with_),
    decideApproval: (input, with_) => call("decideApproval", input, with_),
    planRecall: (input, with_) => call("planRecall", input, with_),
    startRecall: (input, with_) => call("startRecall", input, with_),
    listRecalls: (input, with_) => call("listRecalls", input ?? {}, with_),
    readRecall: (input, with_) => call("readRecall", input, with_),
    listRecallItems: (input, with_) => call("listRecallItems", input, with_),
    resumeRecall: (input, with_) => call("resumeRecall", input, with_),
    cancelRecall: (input, with_) => call("cancelRecall", input, with_),
    listRecallTasks: (input, with_) => call("listRecallTasks", input ?? {}, with_),
    resolveRecallTask: (input, with_) => call("resolveRecallTask", input, with_),
    readRecallReceipt: (input, with_) => call("readRecallReceipt", input, with_),
    createStop: (input, with_) => call("createStop", input, with_),
    listStops: (input, with_) => call("listStops", input ?? {}, with_),
    liftStop: (input, with_) => call("liftStop", input, with_),
    readEntity: (input, with_) => call("readEntity", input, with_),
    noteEntity: (input, with_) => call("noteEntity", input, with_),
    listAgents: (input, with_) => call("listAgents", input ?? {}, with_),
    createKey: (input, with_) => call("createKey", input, with_),
    revokeKey: (input, with_) => call("revokeKey", input, with_),
    planConfig: (input, with_) => call("planConfig", input, with_),
    applyConfig: (input, with_) => call("applyConfig", input, with_),
    listSources: (input, with_) => call("listSources", input ?? {}, with_),
    readSource: (input, with_) => call("readSource", input, with_),
    listQuarantined: (input, with_) => call("listQuarantined", input ?? {}, with_),
    readQuarantined: (input, with_) => call("readQuarantined", input, with_),
    releaseQuarantined: (input, with_) => call("releaseQuarantined", input, with_),
    discardQuarantined: (input, with_) => call("discardQuarantined", input, with_),
    revealToken: (input, with_) => call("revealToken", input, with_),
    eraseTokens: (input, with_) => call("eraseTokens", input, with_),
    listReadiness: (input, with_) => call("listReadiness", input ?? {}, with_),
    readContract: (input, with_) => call("readContract", input, with_),
    setBaseline: (input, with_) => call("setBaseline", input, with_),
    decideFinding: (input, with_) => call("decideFinding", input, with_),
    profileTool: (input, with_) => call("profileTool", input, with_),
    profileSource: (input, with_) => call("profileSource", input, with_),
    verifyLedger: (input, with_) => call("verifyLedger", input ?? {}, with_),
    readHealth: (input, with_) => call("readHealth", input ?? {}, with_),
  };
}

function createCaller(options: ClientOptions) {
  const caller: Caller = {
    baseUrl: options.baseUrl,
    key: options.key,
    tenant: options.tenant,
    onBehalfOf: options.onBehalfOf,
  };
  const send: FetchLike = options.fetch ?? ((url, init) => fetch(url, init));
  return async <O extends Operation>(operation: O, input: Input<O>, with_?: CallOptions): Promise<Output<O>> => {
    const route: Route = api[operation];
    const { url, method, headers, body } = buildRequest(route, input, caller);
    // A redirect is never followed: the key must not travel to an address nobody configured.
    const init: RequestInit = {
      method,
      headers,
      redirect: "manual",
      ...(body === undefined ? {} : { body }),
      ...(with_?.signal === undefined ? {} : { signal: with_.signal }),
    };
    const answer = await reach(route, with_, () => send(url, init));
    const output = readAnswer(route, answer);
    // readAnswer has just parsed it by this operation's own output schema.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return output as Output<O>;
  };
}

async function reach(
  route: Route,
  with_: CallOptions | undefined,
  send: () => ReturnType<FetchLike>,
): Promise<WireAnswer> {
  try {
    const response = await send();
    return { ok: response.ok, status: response.status, text: await response.text() };
  } catch (cause) {
    // The caller's own abort is the caller's to handle; it is no failure of ours.
    if (with_?.signal?.aborted === true) throw cause;
    throw unreachable(route, cause);
  }
}
