/** The billing agent: finds invoices that were paid twice, refunds the second payment, books it and tells the customer. */
import { createRandom } from "../world/random.ts";
import {
  accountRow,
  afterAnswer,
  BILLING_STEPS,
  BILLING_TOOLS,
  callOf,
  decideDuplicate,
  duplicateRow,
  invoiceRow,
  isRefunded,
  refundRow,
  type AccountRow,
  type Duplicate,
} from "./billing-decisions.ts";
import { beats, runAsProgram, type AgentOptions } from "./command-line.ts";
import { backoff, createDesk, messageOf, type Verdict } from "./desk.ts";
import { recordOf, rowsOf, type ToolAnswer } from "./tool-answer.ts";
import { openToolSession, type ToolCall, type ToolSession } from "./tool-session.ts";
import { z } from "zod";

const AGENT = "billing-corrections";
/** How long the account list stays in mind before it is read again. */
const LIST_CACHE_MS = 60_000;
const listPage = z.object({ asOf: z.string().optional(), nextCursor: z.string().nullish() });

type Mind = {
  readonly session: ToolSession;
  readonly options: AgentOptions;
  accounts: ReadonlyMap<string, AccountRow>;
  accountsReadMs: number;
  found: readonly Duplicate[];
  foundMs: number;
};

/** Works until the signal aborts. Never rejects because the server is away. */
export async function runBillingCorrections(options: AgentOptions): Promise<void> {
  const { rate, report, signal } = options;
  const random = createRandom(options.seed, 11);
  const session = openToolSession({ url: options.mcpUrl, key: options.key, name: AGENT });
  const longAgoMs = Number.NEGATIVE_INFINITY;
  const mind: Mind = {
    session,
    options,
    accounts: new Map(),
    accountsReadMs: longAgoMs,
    found: [],
    foundMs: longAgoMs,
  };
  const desk = createDesk({ random, report, signal });
  report("started", { rate, seed: options.seed });
  let failures = 0;
  let restUntilMs = 0;
  for await (const _ of beats(1_000 / rate, signal)) {
    desk.work();
    if (performance.now() < restUntilMs) continue;
    try {
      await look(mind);
      failures = 0;
    } catch (error) {
      failures += 1;
      const againMs = backoff(failures, random);
      restUntilMs = performance.now() + againMs;
      report("unreachable", { message: messageOf(error), againMs });
    }
    // One new case a beat, the newest first: customers notice a double charge on the day it happens.
    const newest = mind.found.find((duplicate) => !desk.knows(duplicate.paymentId));
    if (newest !== undefined) desk.open(newest.paymentId, createAttempt(mind, newest));
    desk.work();
  }
  await session.close();
  await desk.settle();
  report("stopped");
}

/** Refreshes what the agent has in mind where it is older than it cares to remember. Rejects when it may not read. */
async function look(mind: Mind): Promise<void> {
  const { rate } = mind.options;
  const nowMs = performance.now();
  if (nowMs - mind.accountsReadMs > LIST_CACHE_MS) {
    const accounts = await listAccounts(mind, undefined);
    mind.accounts = new Map(accounts.map((account) => [account.id, account]));
    mind.accountsReadMs = nowMs;
  }
  if (nowMs - mind.foundMs > 4_000 / rate) {
    const answer = await mind.session.call({ tool: BILLING_TOOLS.findDuplicates, args: {} });
    if (answer.kind !== "data") throw new Error(`${BILLING_TOOLS.findDuplicates}: ${answer.text}`);
    mind.found = rowsOf(answer.data, "duplicates", duplicateRow);
    mind.foundMs = nowMs;
  }
}

async function listAccounts(mind: Mind, cursor: string | undefined): Promise<AccountRow[]> {
  const args = { status: "active", ...(cursor === undefined ? {} : { cursor }) };
  const answer = await mind.session.call({ tool: BILLING_TOOLS.listAccounts, args });
  if (answer.kind !== "data") throw new Error(`${BILLING_TOOLS.listAccounts}: ${answer.text}`);
  const rows = rowsOf(answer.data, "accounts", accountRow);
  const page = recordOf(answer.data, listPage);
  mind.options.report("listed_accounts", { count: rows.length, asOf: page?.asOf });
  const next = page?.nextCursor ?? undefined;
  const last = rows.at(-1)?.id;
  // A server that ignores the cursor would hand out its first page for ever.
  if (next === undefined || next === cursor || last === undefined) return rows;
  return [...rows, ...(await listAccounts(mind, next))];
}

/** One case: decides, then takes its steps one by one; remembers where it was when it is tried again. */
function createAttempt(mind: Mind, found: Duplicate): () => Promise<Verdict> {
  const { report, rate } = mind.options;
  const { paymentId } = found;
  let duplicate = found;
  let account = mind.accounts.get(found.accountId);
  let decided = false;
  let step = 0;
  let rereads = 0;
  let waits = 0;

  const close = (event: string, fields: Record<string, unknown>): "closed" => {
    report(event, { case: paymentId, ...fields });
    return "closed";
  };

  const decide = (): "closed" | undefined => {
    const decision = decideDuplicate(duplicate, account);
    if (decision.do === "leave") {
      return close(rereads > 0 ? "dropped" : "skipped", { invoiceId: duplicate.invoiceId, why: decision.why });
    }
    return undefined;
  };

  const attempt = async (): Promise<Verdict> => {
    if (!decided) {
      duplicate = await withInvoice(mind.session, found);
      const left = decide() ?? ((await wasRefunded(mind.session, duplicate)) ? close("skipped", REFUNDED) : undefined);
      if (left !== undefined) return left;
      decided = true;
    }
    const name = BILLING_STEPS[step];
    if (name === undefined) return close("done", { invoiceId: duplicate.invoiceId });
    const call = callOf(name, duplicate);
    const answer = await propose(mind, paymentId, call);
    const next = afterAnswer(answer, rereads);
    switch (next.do) {
      case "advance":
        step += 1;
        waits = 0;
        return await attempt();
      case "wait":
        waits += 1;
        return { againMs: Math.min(5_000 * waits, 60_000) / rate };
      case "reread": {
        rereads += 1;
        account = await readAccount(mind.session, duplicate.accountId);
        report("reread", { case: paymentId, accountId: duplicate.accountId, status: account?.status });
        return decide() ?? (await attempt());
      }
      case "drop":
        return close("dropped", { step: name, why: next.why });
      default:
        return next satisfies never;
    }
  };
  return attempt;
}

const REFUNDED = { why: "a refund of this amount exists already" };

async function propose(mind: Mind, paymentId: string, call: ToolCall): Promise<ToolAnswer> {
  const { report } = mind.options;
  report("proposed", { case: paymentId, tool: call.tool, args: call.args, confidence: call.confidence });
  const answer = await mind.session.call(call);
  const fields = answer.kind === "data" ? {} : { text: answer.text };
  report(answer.kind === "data" ? "accepted" : answer.kind, { case: paymentId, tool: call.tool, ...fields });
  return answer;
}

async function withInvoice(session: ToolSession, found: Duplicate): Promise<Duplicate> {
  const answer = await session.call({ tool: BILLING_TOOLS.getInvoice, args: { invoiceId: found.invoiceId } });
  const invoice = answer.kind === "data" ? recordOf(answer.data, invoiceRow) : undefined;
  if (invoice === undefined) return found;
  return { ...found, currency: invoice.currency, poNumber: invoice.poNumber };
}

async function wasRefunded(session: ToolSession, duplicate: Duplicate): Promise<boolean> {
  const answer = await session.call({ tool: BILLING_TOOLS.findRefunds, args: { invoiceId: duplicate.invoiceId } });
  return answer.kind === "data" && isRefunded(duplicate, rowsOf(answer.data, "refunds", refundRow));
}

async function readAccount(session: ToolSession, accountId: string): Promise<AccountRow | undefined> {
  const args = { accountId, id: accountId };
  const answer = await session.call({ tool: BILLING_TOOLS.getAccount, args });
  return answer.kind === "data" ? recordOf(answer.data, accountRow) : undefined;
}

await runAsProgram(import.meta.url, AGENT, runBillingCorrections);
