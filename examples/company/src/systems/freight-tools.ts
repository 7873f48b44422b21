/** The schemas of the carriers system's tools. Written once and fixed: clients pin them by digest. */
import { z } from "zod";
import { HOLDS, SHIPMENT_STATUSES } from "../world/records.ts";

const money = z.int().nonnegative().describe("Minor units of the currency");
const listed = z.object({
  shipmentId: z.string(),
  lane: z.string().describe("From and to, for example HAM-MIL"),
  weightKg: z.int(),
  status: z.enum(SHIPMENT_STATUSES),
  carrierId: z.string(),
  contractRateMinor: money,
  currency: z.string(),
  hold: z.enum(HOLDS).optional().describe("Absent where the planning index does not know it"),
});
const quoted = z.object({ carrierId: z.string(), rateMinor: money });
const readOnly = { readOnlyHint: true, openWorldHint: false } as const;
const write = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false } as const;

export const freightTools = {
  list_shipments: {
    title: "List shipments",
    description: "Shipments of the planning index, newest first. The index is not the shipment's record.",
    inputSchema: z.strictObject({ status: z.enum(SHIPMENT_STATUSES).optional() }),
    outputSchema: z.object({ asOf: z.string(), shipments: z.array(listed) }),
    annotations: readOnly,
  },
  get_shipment: {
    title: "Get a shipment",
    description: "The record of one shipment, with its hold and the rates quoted for its lane.",
    inputSchema: z.strictObject({ shipmentId: z.string() }),
    outputSchema: z.object({
      ...listed.shape,
      hold: z.enum(HOLDS),
      goods: z.string(),
      quotes: z.array(quoted),
      version: z.int(),
      updatedAt: z.string(),
    }),
    annotations: readOnly,
  },
  list_carriers: {
    title: "List carriers of a lane",
    description: "Carriers that serve a lane, with their frame-contract rate and their quote for the lane.",
    inputSchema: z.strictObject({ lane: z.string() }),
    outputSchema: z.object({
      lane: z.string(),
      carriers: z.array(
        z.object({
          carrierId: z.string(),
          name: z.string(),
          rating: z.number(),
          contractRateMinor: money,
          quotedRateMinor: money,
          currency: z.string(),
        }),
      ),
    }),
    annotations: readOnly,
  },
  assign_carrier: {
    title: "Assign a carrier",
    description: "Books the shipment with a carrier at a rate. Each call sends a booking to the carrier.",
    inputSchema: z.strictObject({
      shipmentId: z.string(),
      carrierId: z.string(),
      rateMinor: z.int().positive().describe("Minor units of the currency"),
      currency: z.string().regex(/^[A-Z]{3}$/),
    }),
    outputSchema: z.object({
      bookingId: z.string(),
      shipmentId: z.string(),
      carrierId: z.string(),
      previousCarrierId: z.string(),
      rateMinor: money,
      currency: z.string(),
      bookedAt: z.string(),
    }),
    annotations: write,
  },
  renegotiate_contract: {
    title: "Renegotiate a frame contract",
    description: "Replaces the standard rate of a carrier's frame contract.",
    inputSchema: z.strictObject({ carrierId: z.string(), newRateMinor: z.int().positive() }),
    outputSchema: z.object({
      carrierId: z.string(),
      previousRateMinor: money,
      newRateMinor: money,
      currency: z.string(),
    }),
    annotations: write,
  },
} as const;

export type BookingRequest = z.infer<typeof freightTools.assign_carrier.inputSchema>;
