/** The airline's system of record: what each of its tools does to its state, and what it answers; it checks none of its policy. */
import type { JsonObject } from "@airworthy/contract";
import { z } from "zod";

import type { Action, Airline, Payment, PaymentMethod, Reservation, Segment, User } from "./airline-data.ts";

export type Done = { readonly airline: Airline; readonly answer: JsonObject | string };
/** What the airline says no to. */
export class Refusal extends Error {}

/** The time of the recordings, of the airline's own clock. */
export const airlineNow = "2024-05-15T15:00:00";

const leg = z.object({ flight_number: z.string(), date: z.string() });
const passenger = z.record(z.string(), z.json());
const inputs = {
  book_reservation: z.object({
    user_id: z.string(),
    origin: z.string(),
    destination: z.string(),
    flight_type: z.string(),
    cabin: z.string(),
    flights: z.array(leg),
    passengers: z.array(passenger),
    payment_methods: z.array(z.object({ payment_id: z.string(), amount: z.number() })),
    total_baggages: z.number(),
    nonfree_baggages: z.number(),
    insurance: z.string(),
  }),
  cancel_reservation: z.object({ reservation_id: z.string() }),
  update_reservation_flights: z.object({
    reservation_id: z.string(),
    cabin: z.string(),
    flights: z.array(leg),
    payment_id: z.string(),
  }),
  update_reservation_baggages: z.object({
    reservation_id: z.string(),
    total_baggages: z.number(),
    nonfree_baggages: z.number(),
    payment_id: z.string(),
  }),
  update_reservation_passengers: z.object({ reservation_id: z.string(), passengers: z.array(passenger) }),
  send_certificate: z.object({ user_id: z.string(), amount: z.number() }),
} as const;
type Inputs = { readonly [K in keyof typeof inputs]: z.infer<(typeof inputs)[K]> };
type Write = (airline: Airline, args: JsonObject) => Done;

const writes: Readonly<Record<string, Write>> = {
  book_reservation: taking(inputs.book_reservation, book),
  cancel_reservation: taking(inputs.cancel_reservation, cancel),
  update_reservation_flights: taking(inputs.update_reservation_flights, changeFlights),
  update_reservation_baggages: taking(inputs.update_reservation_baggages, changeBaggages),
  update_reservation_passengers: taking(inputs.update_reservation_passengers, changePassengers),
  send_certificate: taking(inputs.send_certificate, sendCertificate),
};

export const isWrite = (name: string): boolean => Object.hasOwn(writes, name);

/** Carries a write out. @throws Refusal where the airline itself says no; nothing has happened then. */
export function carryOut(airline: Airline, { name, args }: Action): Done {
  const write = isWrite(name) ? writes[name] : undefined;
  if (!write) throw new Refusal(`Error: ${name} changes nothing`);
  return write(airline, args);
}

function taking<T>(input: z.ZodType<T>, write: (airline: Airline, given: T) => Done): Write {
  return (airline, args) => {
    const given = input.safeParse(args);
    if (!given.success) throw new Refusal("Error: invalid arguments");
    return write(airline, given.data);
  };
}

function userOf(airline: Airline, id: string): User {
  const user = airline.users[id];
  if (!user) throw new Refusal("Error: user not found");
  return user;
}

function reservationOf(airline: Airline, id: string): Reservation {
  const reservation = airline.reservations[id];
  if (!reservation) throw new Refusal("Error: reservation not found");
  return reservation;
}

type Wanted = { readonly flight_number: string; readonly date: string; readonly cabin: string; readonly seats: number };

/** A seat for each passenger at today's price. */
function findSeats(airline: Airline, { flight_number: number, date, cabin, seats }: Wanted): Segment {
  const flight = airline.flights[number];
  if (!flight) throw new Refusal(`Error: flight ${number} not found`);
  const day = flight.dates[date];
  if (day?.status !== "available") throw new Refusal(`Error: flight ${number} not available on date ${date}`);
  if ((day.available_seats?.[cabin] ?? 0) < seats) throw new Refusal(`Error: not enough seats on flight ${number}`);
  const { origin, destination } = flight;
  return { flight_number: number, date, price: day.prices?.[cabin] ?? 0, origin, destination };
}

function book(airline: Airline, given: Inputs["book_reservation"]): Done {
  const user = userOf(airline, given.user_id);
  const { cabin, passengers, payment_methods: payments } = given;
  const flights = given.flights.map((one) => findSeats(airline, { ...one, cabin, seats: passengers.length }));
  for (const { payment_id: id, amount } of payments) {
    const method = user.payment_methods[id];
    if (!method) throw new Refusal(`Error: payment method ${id} not found`);
    if (isPrepaid(method) && (method.amount ?? 0) < amount) {
      throw new Refusal(`Error: not enough balance in payment method ${id}`);
    }
  }
  const fares = sum(flights.map(({ price }) => price)) * passengers.length;
  const insurance = given.insurance === "yes" ? 30 * passengers.length : 0;
  const total = fares + insurance + 50 * given.nonfree_baggages;
  const paid = sum(payments.map(({ amount }) => amount));
  if (paid !== total) {
    throw new Refusal(`Error: payment amount does not add up, total price is ${total}, but paid ${paid}`);
  }
  const id = ["HATHAT", "HATHAU", "HATHAV"].find((one) => airline.reservations[one] === undefined) ?? "HATHAW";
  const { payment_methods: _payments, ...asked } = given;
  const reservation: Reservation = {
    reservation_id: id,
    ...asked,
    flights,
    payment_history: payments,
    created_at: airlineNow,
  };
  const charged = payments.reduce(charge, user);
  const booked = { ...charged, reservations: [...user.reservations, id] };
  return { airline: store(airline, { reservation, user: booked }), answer: { ...reservation } };
}

const isPrepaid = ({ source }: PaymentMethod): boolean => source === "gift_card" || source === "certificate";

/** A certificate is used up whole; a gift card keeps the rest. */
function charge(user: User, { payment_id: id, amount }: Payment): User {
  const method = user.payment_methods[id];
  if (!method || !isPrepaid(method)) return user;
  const { [id]: _used, ...others } = user.payment_methods;
  if (method.source === "certificate") return { ...user, payment_methods: others };
  const rest = { ...method, amount: (method.amount ?? 0) - amount };
  return { ...user, payment_methods: { ...user.payment_methods, [id]: rest } };
}

function cancel(airline: Airline, { reservation_id: id }: Inputs["cancel_reservation"]): Done {
  const before = reservationOf(airline, id);
  const refunds = before.payment_history.map(({ payment_id, amount }) => ({ payment_id, amount: -amount }));
  const payment_history = [...before.payment_history, ...refunds];
  const reservation = { ...before, payment_history, status: "cancelled" };
  return { airline: store(airline, { reservation }), answer: { ...reservation } };
}

function changeFlights(airline: Airline, given: Inputs["update_reservation_flights"]): Done {
  const before = reservationOf(airline, given.reservation_id);
  const user = userOf(airline, before.user_id);
  const { cabin } = given;
  const seats = before.passengers.length;
  const flights = given.flights.map((one) => {
    const kept = before.flights.find(({ flight_number, date }) => isSame(one, { flight_number, date }));
    return kept && before.cabin === cabin ? kept : findSeats(airline, { ...one, cabin, seats });
  });
  const total = (sum(flights.map(({ price }) => price)) - sum(before.flights.map(({ price }) => price))) * seats;
  const paid = settle(
    { user, reservation: { ...before, cabin, flights } },
    { payment_id: given.payment_id, amount: total },
  );
  return { airline: store(airline, paid), answer: { ...paid.reservation } };
}

const isSame = (one: z.infer<typeof leg>, other: z.infer<typeof leg>): boolean =>
  one.flight_number === other.flight_number && one.date === other.date;

function changeBaggages(airline: Airline, given: Inputs["update_reservation_baggages"]): Done {
  const before = reservationOf(airline, given.reservation_id);
  const { total_baggages, nonfree_baggages } = given;
  const amount = 50 * Math.max(0, nonfree_baggages - before.nonfree_baggages);
  const reservation = { ...before, total_baggages, nonfree_baggages };
  const paid = settle({ user: userOf(airline, before.user_id), reservation }, { payment_id: given.payment_id, amount });
  return { airline: store(airline, paid), answer: { ...paid.reservation } };
}

type Account = { readonly user: User; readonly reservation: Reservation };

/** Charges, or for a negative amount refunds, a change of a reservation. */
function settle({ user, reservation }: Account, payment: Payment): Account {
  const method = user.payment_methods[payment.payment_id];
  if (!method) throw new Refusal("Error: payment method not found");
  if (method.source === "certificate") throw new Refusal("Error: certificate cannot be used to update reservation");
  if (method.source === "gift_card" && (method.amount ?? 0) < payment.amount) {
    throw new Refusal("Error: gift card balance is not enough");
  }
  if (payment.amount === 0) return { user, reservation };
  const payment_history = [...reservation.payment_history, payment];
  return { user: charge(user, payment), reservation: { ...reservation, payment_history } };
}

function changePassengers(airline: Airline, given: Inputs["update_reservation_passengers"]): Done {
  const before = reservationOf(airline, given.reservation_id);
  if (given.passengers.length !== before.passengers.length) {
    throw new Refusal("Error: number of passengers does not match");
  }
  const reservation = { ...before, passengers: given.passengers };
  return { airline: store(airline, { reservation }), answer: { ...reservation } };
}

function sendCertificate(airline: Airline, { user_id: id, amount }: Inputs["send_certificate"]): Done {
  const user = userOf(airline, id);
  const free = ["certificate_3221322", "certificate_3221323", "certificate_3221324"];
  const certificate = free.find((one) => user.payment_methods[one] === undefined);
  if (certificate === undefined) throw new Refusal("Error: too many certificates");
  const method = { source: "certificate", amount, id: certificate };
  const rich = { ...user, payment_methods: { ...user.payment_methods, [certificate]: method } };
  return {
    airline: { ...airline, users: { ...airline.users, [id]: rich } },
    answer: `Certificate ${certificate} added to user ${id} with amount ${amount}.`,
  };
}

function store(airline: Airline, { reservation, user }: { readonly reservation: Reservation; readonly user?: User }) {
  const reservations = { ...airline.reservations, [reservation.reservation_id]: reservation };
  const users = user === undefined ? airline.users : { ...airline.users, [reservation.user_id]: user };
  return { ...airline, reservations, users };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
