/** What the carrier agent thinks: is a cheaper carrier worth a change, is a contract out of line. No input, no output. */
import { z } from "zod";
import type { ToolCall } from "./tool-session.ts";

const amount = z.coerce.number().int();

export const shipmentRow = z.object({
  shipmentId: z.string(),
  lane: z.string(),
  status: z.string(),
  carrierId: z.string(),
  contractRateMinor: amount,
  currency: z.string(),
  hold: z.string().nullish(),
});
export type ShipmentRow = z.infer<typeof shipmentRow>;

export const carrierRow = z.object({
  carrierId: z.string(),
  rating: z.coerce.number().default(3),
  contractRateMinor: amount,
  quotedRateMinor: amount,
});
export type CarrierRow = z.infer<typeof carrierRow>;

/** The agent's own configuration: what the tools are called where it works. */
export const ROUTING_TOOLS = {
  listShipments: "shipments.list",
  getShipment: "shipments.get",
  listCarriers: "carriers.list",
  assignCarrier: "shipments.assign_carrier",
  renegotiate: "carriers.renegotiate_contract",
} as const;

export type RoutingDecision =
  | { readonly do: "assign" | "renegotiate"; readonly call: ToolCall }
  | { readonly do: "leave"; readonly why: string };

/** A change must save this share of the rate, and no rate above the limit is the agent's to book. */
const LEAST_SAVING = 0.08;
const COST_LIMIT_MINOR = 400_000;
/** A frame contract this far above the lane's middle quote is out of line. */
const OUT_OF_LINE = 1.7;

/**
 * Decides about one shipment. A hold is respected where the row says so; a row that says nothing about holds is taken to
 * have none, and that is this agent's mistake to make.
 */
export function decideShipment(shipment: ShipmentRow, carriers: readonly CarrierRow[]): RoutingDecision {
  if (shipment.status !== "planned") return leave(`the shipment is ${shipment.status}`);
  if (shipment.hold !== undefined && shipment.hold !== null && shipment.hold !== "none") {
    return leave(`the shipment is on ${shipment.hold} hold`);
  }
  const cheapest = carriers.toSorted((left, right) => left.quotedRateMinor - right.quotedRateMinor)[0];
  if (cheapest === undefined) return leave(`no carrier serves ${shipment.lane}`);
  const saving = 1 - cheapest.quotedRateMinor / shipment.contractRateMinor;
  if (cheapest.carrierId === shipment.carrierId || saving < LEAST_SAVING) return leave("the carrier is cheap enough");
  if (cheapest.quotedRateMinor > COST_LIMIT_MINOR) return leave("the cheapest carrier is above the cost limit");
  const { shipmentId, currency } = shipment;
  const { carrierId, quotedRateMinor: rateMinor } = cheapest;
  return {
    do: "assign",
    call: {
      tool: ROUTING_TOOLS.assignCarrier,
      args: { shipmentId, carrierId, rateMinor, currency },
      confidence: confidenceOf({ saving, rating: cheapest.rating, quotes: carriers.length }),
      rationale: `${carrierId} asks ${(saving * 100).toFixed(0)} % less than ${shipment.carrierId} on ${shipment.lane}.`,
    },
  };
}

/** Looks at the contract of the carrier that has the shipment now; undefined when there is nothing to ask for. */
export function decideContract(
  shipment: ShipmentRow,
  carriers: readonly CarrierRow[],
): { readonly do: "renegotiate"; readonly call: ToolCall } | undefined {
  const own = carriers.find((carrier) => carrier.carrierId === shipment.carrierId);
  const quotes = carriers.map((carrier) => carrier.quotedRateMinor).toSorted((left, right) => left - right);
  const middle = quotes[Math.floor((quotes.length - 1) / 2)];
  if (own === undefined || middle === undefined || own.contractRateMinor < middle * OUT_OF_LINE) return undefined;
  const { carrierId } = own;
  const ratio = own.contractRateMinor / middle;
  return {
    do: "renegotiate",
    call: {
      tool: ROUTING_TOOLS.renegotiate,
      args: { carrierId, newRateMinor: middle },
      confidence: Math.round(Math.min(0.3 + (ratio - OUT_OF_LINE) / 4, 0.7) * 100) / 100,
      rationale: `The contract rate of ${carrierId} is ${ratio.toFixed(1)} times the middle quote on ${shipment.lane}.`,
    },
  };
}

/** A large saving, a good carrier and several quotes make a change safer: 0.3 to 0.97. */
export function confidenceOf(evidence: {
  readonly saving: number;
  readonly rating: number;
  readonly quotes: number;
}): number {
  const sum =
    0.45 +
    Math.min(evidence.saving, 0.4) * 0.5 +
    (evidence.rating - 3) * 0.1 +
    (evidence.quotes >= 4 ? 0.12 : evidence.quotes >= 3 ? 0.06 : -0.1);
  return Math.round(Math.min(Math.max(sum, 0.3), 0.97) * 100) / 100;
}

function leave(why: string): RoutingDecision {
  return { do: "leave", why };
}
