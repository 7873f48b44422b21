/** The carrier agent: looks for planned shipments that another carrier would move for less, and moves them there. */
import { createRandom } from "../world/random.ts";
import { beats, runAsProgram, type AgentOptions } from "./command-line.ts";
import { backoff, createDesk, messageOf, type Desk, type Verdict } from "./desk.ts";
import {
  carrierRow,
  decideContract,
  decideShipment,
  ROUTING_TOOLS,
  shipmentRow,
  type CarrierRow,
  type RoutingDecision,
  type ShipmentRow,
} from "./routing-decisions.ts";
import { recordOf, rowsOf, type ToolAnswer } from "./tool-answer.ts";
import { openToolSession, type ToolCall, type ToolSession } from "./tool-session.ts";

const AGENT = "carrier-routing";
const MOST_REREADS = 3;

type Work = { readonly session: ToolSession; readonly options: AgentOptions; readonly desk: Desk };

/** Works until the signal aborts. Never rejects because the server is away. */
export async function runCarrierRouting(options: AgentOptions): Promise<void> {
  const { rate, report, signal } = options;
  const random = createRandom(options.seed, 12);
  const session = openToolSession({ url: options.mcpUrl, key: options.key, name: AGENT });
  const work: Work = { session, options, desk: createDesk({ random, report, signal }) };
  report("started", { rate, seed: options.seed });
  let shipments: readonly ShipmentRow[] = [];
  let lookAtMs = 0;
  let failures = 0;
  for await (const _ of beats(1_500 / rate, signal)) {
    work.desk.work();
    if (performance.now() >= lookAtMs) {
      try {
        shipments = await listShipments(work);
        failures = 0;
        lookAtMs = performance.now() + 4_000 / rate;
      } catch (error) {
        failures += 1;
        const againMs = backoff(failures, random);
        lookAtMs = performance.now() + againMs;
        report("unreachable", { message: messageOf(error), againMs });
      }
    }
    const next = shipments.find((shipment) => !work.desk.knows(shipment.shipmentId));
    if (next !== undefined) work.desk.open(next.shipmentId, createAttempt(work, next));
    work.desk.work();
  }
  await session.close();
  await work.desk.settle();
  report("stopped");
}

async function listShipments({ session }: Work): Promise<ShipmentRow[]> {
  const answer = await session.call({ tool: ROUTING_TOOLS.listShipments, args: { status: "planned" } });
  if (answer.kind === "data") return rowsOf(answer.data, "shipments", shipmentRow);
  throw new Error(`${ROUTING_TOOLS.listShipments}: ${answer.text}`);
}

/** One shipment: decides on the list's row alone, and looks at the record only when it is told that something changed. */
function createAttempt(work: Work, found: ShipmentRow): () => Promise<Verdict> {
  const { report } = work.options;
  const id = found.shipmentId;
  let decision: RoutingDecision | undefined;
  let rereads = 0;
  let waits = 0;

  const attempt = async (): Promise<Verdict> => {
    if (decision === undefined) {
      const carriers = await listCarriers(work, found.lane);
      decision = decideShipment(found, carriers);
      considerContract(work, found, carriers);
    }
    if (decision.do === "leave") {
      report(rereads > 0 ? "dropped" : "skipped", { case: id, why: decision.why });
      return "closed";
    }
    const answer = await propose(work, id, decision.call);
    switch (answer.kind) {
      case "data":
        report("done", { case: id });
        return "closed";
      case "pending":
        waits += 1;
        return { againMs: Math.min(5_000 * waits, 60_000) / work.options.rate };
      case "changed": {
        rereads += 1;
        const fresh = await readShipment(work, id);
        decision =
          fresh === undefined || rereads > MOST_REREADS
            ? { do: "leave", why: answer.text }
            : decideShipment(fresh, await listCarriers(work, fresh.lane));
        return await attempt();
      }
      case "refused":
        report("dropped", { case: id, why: answer.text });
        return "closed";
      default:
        return answer satisfies never;
    }
  };
  return attempt;
}

/** Asks once for each carrier whose contract is out of line, as a case of its own. */
function considerContract(work: Work, shipment: ShipmentRow, carriers: readonly CarrierRow[]): void {
  const contract = decideContract(shipment, carriers);
  const id = `contract of ${shipment.carrierId}`;
  if (contract === undefined) return;
  let waits = 0;
  work.desk.open(id, async () => {
    const answer = await propose(work, id, contract.call);
    if (answer.kind === "pending") {
      waits += 1;
      return { againMs: Math.min(5_000 * waits, 60_000) / work.options.rate };
    }
    work.options.report(answer.kind === "data" ? "done" : "dropped", { case: id });
    return "closed";
  });
}

async function propose({ session, options }: Work, id: string, call: ToolCall): Promise<ToolAnswer> {
  options.report("proposed", { case: id, tool: call.tool, args: call.args, confidence: call.confidence });
  const answer = await session.call(call);
  const fields = answer.kind === "data" ? {} : { text: answer.text };
  options.report(answer.kind === "data" ? "accepted" : answer.kind, { case: id, tool: call.tool, ...fields });
  return answer;
}

async function listCarriers({ session }: Work, lane: string): Promise<CarrierRow[]> {
  const answer = await session.call({ tool: ROUTING_TOOLS.listCarriers, args: { lane } });
  return answer.kind === "data" ? rowsOf(answer.data, "carriers", carrierRow) : [];
}

async function readShipment({ session }: Work, shipmentId: string): Promise<ShipmentRow | undefined> {
  const answer = await session.call({ tool: ROUTING_TOOLS.getShipment, args: { shipmentId } });
  return answer.kind === "data" ? recordOf(answer.data, shipmentRow) : undefined;
}

await runAsProgram(import.meta.url, AGENT, runCarrierRouting);
