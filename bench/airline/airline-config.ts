/** How the airline is put behind the gateway: its tools, the facts that are looked up, and what is computed from them. */
import { readFileSync } from "node:fs";
import path from "node:path";

import { stringify } from "yaml";

import { toolDigest } from "../../packages/server/src/dataplane/5-execution/connectors/mcp-tool-digest.ts";
import { airlineTools, type AirlineTool } from "./airline-tools.ts";

const policies = path.join(import.meta.dirname, "airline.cedar");

const reservation = "facts['airline.reservation']";
const user = "facts['airline.user']";
const flight = (number: string): string => `facts['airline.flight'][${number}]`;
/** The status of a flight on its day; "" where the airline has no such day. */
const statusOf = (leg: string): string =>
  `(${leg}.date in ${flight(`${leg}.flight_number`)}.dates ? ${flight(`${leg}.flight_number`)}.dates[${leg}.date].status : '')`;

type Computed = { readonly cel: string; readonly type: "boolean" | "integer" | "string" };
const boolean = (cel: string): Computed => ({ cel, type: "boolean" });
const integer = (cel: string): Computed => ({ cel, type: "integer" });

/** Book flight, Checked bag allowance: free bags of each passenger. */
const allowance =
  "{'regular': {'basic_economy': 0, 'economy': 1, 'business': 2}," +
  " 'silver': {'basic_economy': 1, 'economy': 2, 'business': 3}," +
  " 'gold': {'basic_economy': 2, 'economy': 3, 'business': 3}}";

/** Of a trip, where its legs are `args.flights` and the rest stands in `of`. */
const tripOf = (of: string): Record<string, Computed> => {
  const number = (at: string): string => `args.flights[${at}].flight_number`;
  const next = "lists.range(args.flights.size() - 1)";
  const time = (at: string, which: string): string =>
    `timestamp(args.flights[${at}].date + 'T' + ${flight(number(at))}.scheduled_${which}_time_est.substring(0, 8) + '-05:00')`;
  const overnight = (at: string): string =>
    `(${flight(number(at))}.scheduled_arrival_time_est.endsWith('+1') ? duration('24h') : duration('0s'))`;
  return {
    joined: boolean(`${next}.all(i, ${flight(number("i"))}.destination == ${flight(number("i + 1"))}.origin)`),
    inOrder: boolean(`${next}.all(i, ${time("i", "arrival")} + ${overnight("i")} <= ${time("i + 1", "departure")})`),
    begins: boolean(`${flight(number("0"))}.origin == ${of}.origin`),
    reaches: boolean(`args.flights.exists(f, ${flight("f.flight_number")}.destination == ${of}.destination)`),
    end: { cel: `${flight(number("args.flights.size() - 1"))}.destination`, type: "string" },
    makesTheTrip: boolean(
      "computed.joined && computed.begins && computed.reaches && " +
        `computed.end == (${of}.flight_type == 'round_trip' ? ${of}.origin : ${of}.destination)`,
    ),
  };
};

/** Charged is what exceeds the allowance; bags that were paid before stay paid. */
const bagCharge = (of: { cabin: string; passengers: string; paid: string }): Record<string, Computed> => ({
  freeBags: integer(`${allowance}[${user}.membership][${of.cabin}] * ${of.passengers}.size()`),
  extraBags: integer("args.total_baggages > computed.freeBags ? args.total_baggages - computed.freeBags : 0"),
  bagChargeRight: boolean(
    `args.nonfree_baggages == computed.extraBags || ` +
      `(args.nonfree_baggages > computed.extraBags && args.nonfree_baggages == ${of.paid})`,
  ),
});

const paidWith = (source: string): Computed =>
  integer(
    `args.payment_methods.filter(p, p.payment_id in ${user}.payment_methods && ` +
      `${user}.payment_methods[p.payment_id].source == '${source}').size()`,
  );

const maxAge = "1m";
const lookups = {
  reservation: {
    fact: "airline.reservation",
    key: "$.reservation_id",
    maxAge,
    lookup: { tool: "airline.get_reservation_details", with: { reservation_id: "$.reservation_id" }, always: true },
  },
  owner: {
    fact: "airline.user",
    key: "$facts['airline.reservation'].user_id",
    maxAge,
    lookup: {
      tool: "airline.get_user_details",
      with: { user_id: "$facts['airline.reservation'].user_id" },
      always: true,
    },
  },
  user: {
    fact: "airline.user",
    key: "$.user_id",
    maxAge,
    lookup: { tool: "airline.get_user_details", with: { user_id: "$.user_id" }, always: true },
  },
  now: {
    fact: "airline.now",
    key: "airline",
    maxAge,
    lookup: { tool: "airline.get_current_time", with: {}, always: true },
  },
  reservationsOfUser: {
    fact: "airline.reservation",
    each: "$facts['airline.user'].reservations[*]",
    key: "@",
    maxAge,
    lookup: { tool: "airline.get_reservation_details", with: { reservation_id: "@" }, always: true },
  },
  flightsOf: (each: string) => ({
    fact: "airline.flight",
    each,
    key: "@.flight_number",
    maxAge,
    lookup: { tool: "airline.get_flight", with: { flight_number: "@.flight_number" }, always: true },
  }),
} as const;

const legs = `${reservation}.flights`;
const entitled = (id: string): string =>
  `(${user}.membership in ['silver', 'gold'] || ${reservation}[${id}].insurance == 'yes' || ` +
  `${reservation}[${id}].cabin == 'business')`;
const compensated = (status: string, each: number): Computed =>
  boolean(
    `${reservation}.exists(id, ${entitled("id")} && ` +
      `args.amount == ${each} * ${reservation}[id].passengers.size() && ` +
      `${reservation}[id].flights.exists(f, ${statusOf("f")} == '${status}'))`,
  );

const governed: Readonly<Record<string, object>> = {
  book_reservation: {
    rests_on: [lookups.user, lookups.flightsOf("$.flights[*]")],
    computed: {
      passengers: integer("args.passengers.size()"),
      certificates: paidWith("certificate"),
      creditCards: paidWith("credit_card"),
      giftCards: paidWith("gift_card"),
      methodsInProfile: boolean(`args.payment_methods.all(p, p.payment_id in ${user}.payment_methods)`),
      ...bagCharge({ cabin: "args.cabin", passengers: "args.passengers", paid: "0" }),
      flightsBookable: boolean(`args.flights.all(f, ${statusOf("f")} == 'available')`),
      ...tripOf("args"),
    },
  },
  cancel_reservation: {
    rests_on: [lookups.reservation, lookups.now, lookups.flightsOf("$facts['airline.reservation'].flights[*]")],
    computed: {
      flown: boolean(`${legs}.exists(f, ${statusOf("f")} in ['landed', 'flying'])`),
      withinADay: boolean(
        `timestamp(facts['airline.now']) - timestamp(${reservation}.created_at + '-05:00') <= duration('24h')`,
      ),
      cancelledByAirline: boolean(`${legs}.exists(f, ${statusOf("f")} == 'cancelled')`),
      mayAlwaysCancel: boolean(
        `computed.withinADay || computed.cancelledByAirline || ${reservation}.cabin == 'business'`,
      ),
      insured: boolean(`${reservation}.insurance == 'yes'`),
    },
  },
  update_reservation_flights: {
    rests_on: [
      lookups.reservation,
      lookups.owner,
      lookups.flightsOf("$.flights[*]"),
      lookups.flightsOf("$facts['airline.reservation'].flights[*]"),
    ],
    computed: {
      wasBasicEconomy: boolean(`${reservation}.cabin == 'basic_economy'`),
      flightsChanged: boolean(
        `args.flights.map(f, [f.flight_number, f.date]) != ${legs}.map(f, [f.flight_number, f.date])`,
      ),
      cardOfUser: boolean(
        `args.payment_id in ${user}.payment_methods && ` +
          `${user}.payment_methods[args.payment_id].source in ['gift_card', 'credit_card']`,
      ),
      flightsBookable: boolean(
        `args.flights.all(f, ${statusOf("f")} == 'available' || ` +
          `${legs}.exists(k, k.flight_number == f.flight_number && k.date == f.date))`,
      ),
      ...tripOf(reservation),
    },
  },
  update_reservation_baggages: {
    rests_on: [lookups.reservation, lookups.owner],
    computed: {
      bagsRemoved: boolean(`args.total_baggages < ${reservation}.total_baggages`),
      ...bagCharge({
        cabin: `${reservation}.cabin`,
        passengers: `${reservation}.passengers`,
        paid: `${reservation}.nonfree_baggages`,
      }),
    },
  },
  update_reservation_passengers: {
    rests_on: [lookups.reservation],
    computed: { sameNumber: boolean(`args.passengers.size() == ${reservation}.passengers.size()`) },
  },
  send_certificate: {
    rests_on: [
      lookups.user,
      lookups.reservationsOfUser,
      lookups.flightsOf("$facts['airline.reservation'][*].flights[*]"),
    ],
    computed: { forCancelled: compensated("cancelled", 100), forDelayed: compensated("delayed", 50) },
  },
};

const yielded: Readonly<Record<string, object>> = {
  get_reservation_details: { fact: "airline.reservation", key: "$.reservation_id", value: "$", type: "json" },
  get_user_details: { fact: "airline.user", key: "$.user_id", value: "$", type: "json" },
  get_flight: { fact: "airline.flight", key: "$.flight_number", value: "$", type: "json" },
  get_current_time: { fact: "airline.now", key: "$.clock", value: "$.now", type: "string" },
};

/** `withPolicies: false` puts the same gateway in front of the airline, permitting everything. */
export function configureAirline(agents: readonly string[], withPolicies: boolean): Record<string, string> {
  const connector = {
    apiVersion: "airworthy/v1",
    kind: "Connector",
    name: "airline",
    type: "mcp",
    url: "${AIRLINE_URL}",
    extras: false,
    tools: airlineTools.map(toolText),
  };
  const tools = airlineTools.filter(({ forAgents }) => forAgents).map(({ definition }) => `airline.${definition.name}`);
  return {
    "airline.yaml": stringify(connector),
    "people.yaml": people,
    "agents.yaml": agents.map((name) => stringify({ ...agent, name, tools })).join("---\n"),
    "airline.cedar": withPolicies
      ? readFileSync(policies, "utf8")
      : '@id("agents-may") permit (principal, action, resource);',
  };
}

function toolText({ definition, isWrite }: AirlineTool): object {
  const yields = yielded[definition.name];
  return {
    name: `airline.${definition.name}`,
    upstream: definition.name,
    effect: isWrite ? "write" : "read",
    ...(isWrite ? { reversibility: "irreversible" } : {}),
    pin: toolDigest(definition),
    ...(yields === undefined ? {} : { yields: [{ ...yields, authoritative: true }] }),
    ...governed[definition.name],
  };
}

const agent = {
  apiVersion: "airworthy/v1",
  kind: "Agent",
  purpose: "Replays a recorded conversation",
  owner: "supervisor",
  stage: "production",
  level: "senior",
};

const people = `apiVersion: airworthy/v1
kind: Person
name: supervisor
roles: [approver]
---
apiVersion: airworthy/v1
kind: Team
name: supervisors
members: [supervisor]
`;
