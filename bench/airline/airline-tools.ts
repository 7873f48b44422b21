/** The tools that the airline's MCP server offers: those of the recordings, and two reads of its own for the gateway. */
import type { JsonObject } from "@airworthy/contract";

import { isWrite } from "./airline-system.ts";

export type AirlineTool = {
  readonly definition: { readonly name: string; readonly description: string; readonly inputSchema: JsonObject };
  readonly isWrite: boolean;
  /** Whether the recorded agents had it. */
  readonly forAgents: boolean;
};

const text = { type: "string" } as const;
const count = { type: "number" } as const;
const legs = {
  type: "array",
  items: { type: "object", properties: { flight_number: text, date: text }, required: ["flight_number", "date"] },
} as const;
const passengers = {
  type: "array",
  items: {
    type: "object",
    properties: { first_name: text, last_name: text, dob: text },
    required: ["first_name", "last_name", "dob"],
  },
} as const;
const payments = {
  type: "array",
  items: { type: "object", properties: { payment_id: text, amount: count }, required: ["payment_id", "amount"] },
} as const;

/** Every argument is required, as it was for the recorded agents. */
const recorded: Readonly<Record<string, readonly [description: string, properties: JsonObject]>> = {
  book_reservation: [
    "Book a reservation",
    {
      user_id: text,
      origin: text,
      destination: text,
      flight_type: { enum: ["one_way", "round_trip"] },
      cabin: { enum: ["basic_economy", "economy", "business"] },
      flights: legs,
      passengers,
      payment_methods: payments,
      total_baggages: count,
      nonfree_baggages: count,
      insurance: { enum: ["yes", "no"] },
    },
  ],
  cancel_reservation: ["Cancel a whole reservation", { reservation_id: text }],
  update_reservation_flights: [
    "Change the flights or the cabin of a reservation",
    {
      reservation_id: text,
      cabin: { enum: ["basic_economy", "economy", "business"] },
      flights: legs,
      payment_id: text,
    },
  ],
  update_reservation_baggages: [
    "Change the number of checked bags",
    { reservation_id: text, total_baggages: count, nonfree_baggages: count, payment_id: text },
  ],
  update_reservation_passengers: ["Change who flies", { reservation_id: text, passengers }],
  send_certificate: ["Send a certificate to a user", { user_id: text, amount: count }],
  get_reservation_details: ["Read a reservation", { reservation_id: text }],
  get_user_details: ["Read a user", { user_id: text }],
  search_direct_flight: ["Search direct flights", { origin: text, destination: text, date: text }],
  search_onestop_flight: ["Search flights with one stop", { origin: text, destination: text, date: text }],
  list_all_airports: ["List all airports", {}],
  calculate: ["Calculate an expression", { expression: text }],
  think: ["Write a thought down", { thought: text }],
  transfer_to_human_agents: ["Hand the user over to a person", { summary: text }],
};

const own: typeof recorded = {
  get_flight: ["Read a flight with its dates", { flight_number: text }],
  get_current_time: ["Read the airline's clock", {}],
};

export const airlineTools: readonly AirlineTool[] = [...describe(recorded, true), ...describe(own, false)];

function describe(tools: typeof recorded, forAgents: boolean): AirlineTool[] {
  return Object.entries(tools).map(([name, [description, properties]]) => {
    const inputSchema = { type: "object", properties, required: Object.keys(properties) };
    return { definition: { name, description, inputSchema }, isWrite: isWrite(name), forAgents };
  });
}
