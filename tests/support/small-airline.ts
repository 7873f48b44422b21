/** An airline of two flights and three reservations, for tests of the airline benchmark. */
import type { Airline, Reservation } from "../../bench/airline/airline-data.ts";

const prices = { basic_economy: 50, economy: 100, business: 300 };
const seats = { basic_economy: 9, economy: 9, business: 9 };
const open = { status: "available", available_seats: seats, prices };
const base: Reservation = {
  reservation_id: "R1",
  user_id: "ann_1",
  origin: "AAA",
  destination: "BBB",
  flight_type: "one_way",
  cabin: "economy",
  flights: [{ origin: "AAA", destination: "BBB", flight_number: "F1", date: "2024-05-20", price: 100 }],
  passengers: [{ first_name: "Ann", last_name: "One", dob: "1990-01-01" }],
  payment_history: [{ payment_id: "card", amount: 100 }],
  created_at: "2024-05-01T10:00:00",
  total_baggages: 0,
  nonfree_baggages: 0,
  insurance: "no",
};

export const smallAirline: Airline = {
  flights: {
    F1: {
      flight_number: "F1",
      origin: "AAA",
      destination: "BBB",
      scheduled_departure_time_est: "06:00:00",
      scheduled_arrival_time_est: "09:00:00",
      dates: { "2024-05-20": open, "2024-05-14": { status: "landed" }, "2024-05-16": { status: "delayed" } },
    },
    F2: {
      flight_number: "F2",
      origin: "BBB",
      destination: "AAA",
      scheduled_departure_time_est: "08:00:00",
      scheduled_arrival_time_est: "00:30:00+1",
      dates: { "2024-05-20": open, "2024-05-21": open },
    },
  },
  reservations: {
    R1: base,
    R2: { ...base, reservation_id: "R2", insurance: "yes" },
    R3: { ...base, reservation_id: "R3", cabin: "basic_economy", created_at: "2024-05-15T09:00:00" },
    R4: {
      ...base,
      reservation_id: "R4",
      cabin: "business",
      flights: [{ origin: "AAA", destination: "BBB", flight_number: "F1", date: "2024-05-14", price: 300 }],
    },
    R5: {
      ...base,
      reservation_id: "R5",
      user_id: "bob_2",
      insurance: "yes",
      flights: [{ origin: "AAA", destination: "BBB", flight_number: "F1", date: "2024-05-16", price: 100 }],
    },
  },
  users: {
    ann_1: {
      payment_methods: {
        card: { source: "credit_card", id: "card" },
        gift: { source: "gift_card", amount: 120, id: "gift" },
        paper: { source: "certificate", amount: 100, id: "paper" },
        paper2: { source: "certificate", amount: 100, id: "paper2" },
      },
      membership: "regular",
      reservations: ["R1", "R2", "R3", "R4"],
    },
    bob_2: { payment_methods: {}, membership: "regular", reservations: ["R5"] },
  },
};
