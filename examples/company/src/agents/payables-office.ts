/** Three agents in one office, each with a key and a task of its own: they review invoices, watch cash and please vendors. */
import { z } from "zod";
import { createRandom } from "../world/random.ts";
import { beats, reportTo, runAsProgram, type AgentOptions } from "./command-line.ts";
import { backoff, createDesk, messageOf, type Verdict } from "./desk.ts";
import { billRow, complaintRow, decideCredit, decideDelay, decideFlag, PAYABLES_TOOLS } from "./payables-decisions.ts";
import { rowsOf } from "./tool-answer.ts";
import { openToolSession, type ToolCall, type ToolSession } from "./tool-session.ts";

const OFFICE = "payables-office";

/** What an agent finds to do: a call for each case, by the case's id. */
type Look = (session: ToolSession) => Promise<readonly (readonly [string, ToolCall])[]>;
/** `waitMs`: how long it has known of a case before it acts. */
type Task = { readonly name: string; readonly look: Look; readonly waitMs: number };

const byInvoice = <Row extends { readonly invoiceId: string }>(
  rows: readonly Row[],
  decide: (row: Row) => ToolCall | undefined,
): (readonly [string, ToolCall])[] =>
  rows.flatMap((row) => {
    const call = decide(row);
    return call === undefined ? [] : [[row.invoiceId, call] as const];
  });

const tasks: readonly Task[] = [
  { name: "invoice-review", look: async (session) => byInvoice(await listBills(session), decideFlag), waitMs: 0 },
  {
    name: "cash-flow",
    look: async (session) => byInvoice(await listBills(session), (bill) => decideDelay(bill, Date.now())),
    waitMs: 0,
  },
  {
    name: "vendor-relations",
    look: async (session) => byInvoice(await listComplaints(session), decideCredit),
    // Who complains may yet be paid; only then goodwill is shown.
    waitMs: 8_000,
  },
];

/** Works until the signal aborts. `options.key` is a JSON object with the key of each agent. */
async function runPayablesOffice(options: AgentOptions): Promise<void> {
  const keys = z.record(z.string(), z.string()).parse(JSON.parse(options.key));
  await Promise.all(
    tasks.map((task, index) =>
      runTask(task, {
        ...options,
        key: keys[task.name] ?? "",
        seed: options.seed + index,
        report: reportTo(process.stdout, task.name),
      }),
    ),
  );
}

async function runTask({ name, look, waitMs }: Task, options: AgentOptions): Promise<void> {
  const { rate, report, signal } = options;
  const random = createRandom(options.seed, 13);
  const session = openToolSession({ url: options.mcpUrl, key: options.key, name });
  const desk = createDesk({ random, report, signal });
  report("started", { rate, seed: options.seed });
  const firstSeenMs = new Map<string, number>();
  let lookAtMs = 0;
  let failures = 0;
  for await (const _ of beats(1_500 / rate, signal)) {
    desk.work();
    if (performance.now() < lookAtMs) continue;
    try {
      for (const [id, call] of await look(session)) {
        const knownMs = firstSeenMs.get(id) ?? performance.now();
        firstSeenMs.set(id, knownMs);
        if (performance.now() - knownMs < waitMs / rate) continue;
        desk.open(id, createAttempt(call, { id, session, options }));
      }
      failures = 0;
      lookAtMs = performance.now() + 3_000 / rate;
    } catch (error) {
      failures += 1;
      const againMs = backoff(failures, random);
      lookAtMs = performance.now() + againMs;
      report("unreachable", { message: messageOf(error), againMs });
    }
    desk.work();
  }
  await session.close();
  await desk.settle();
  report("stopped");
}

type At = { readonly id: string; readonly session: ToolSession; readonly options: AgentOptions };

/** Proposes, and repeats the identical call while people think. */
function createAttempt(call: ToolCall, { id, session, options }: At): () => Promise<Verdict> {
  const { report, rate } = options;
  let waits = 0;
  return async () => {
    report("proposed", { case: id, tool: call.tool, args: call.args, confidence: call.confidence });
    const answer = await session.call(call);
    const fields = answer.kind === "data" ? {} : { text: answer.text };
    report(answer.kind === "data" ? "accepted" : answer.kind, { case: id, tool: call.tool, ...fields });
    if (answer.kind !== "pending") return "closed";
    waits += 1;
    return { againMs: Math.min(5_000 * waits, 60_000) / rate };
  };
}

async function listBills(session: ToolSession) {
  const answer = await session.call({ tool: PAYABLES_TOOLS.listInvoices, args: {} });
  if (answer.kind === "data") return rowsOf(answer.data, "invoices", billRow);
  throw new Error(`${PAYABLES_TOOLS.listInvoices}: ${answer.text}`);
}

async function listComplaints(session: ToolSession) {
  const answer = await session.call({ tool: PAYABLES_TOOLS.listComplaints, args: {} });
  if (answer.kind === "data") return rowsOf(answer.data, "complaints", complaintRow);
  throw new Error(`${PAYABLES_TOOLS.listComplaints}: ${answer.text}`);
}

await runAsProgram(import.meta.url, OFFICE, runPayablesOffice);
