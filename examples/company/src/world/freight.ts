/** Makes the carriers, what they ask on each lane, and the shipments that wait for one. */
import type { Carrier, Hold, Quote, Shipment } from "./records.ts";
import type { Random } from "./random.ts";

const CARRIER_NAMES = [
  "Hanse Cargo",
  "Alpina Spedition",
  "Transmar",
  "Vialoga",
  "Kestrel Freight",
  "Rhodan Lines",
  "Poldertrans",
  "Sierra Norte",
  "Ostrava Road",
] as const;
const PLACES = ["HAM", "RTM", "ANR", "MUC", "MIL", "BCN", "LYS", "WAW", "VIE", "PRG", "GOT", "CPH"] as const;
const GOODS = ["machine parts", "textiles", "lithium cells", "paint", "paper", "foodstuff", "pumps"] as const;
const LANES: readonly string[] = PLACES.map((from, index) => `${from}-${PLACES[(index + 5) % PLACES.length] ?? "HAM"}`);
/** What the four carriers of a lane ask, as a multiple of the lane's base: the last one is far too dear. */
const SPREAD = [1, 1.12, 1.3, 2] as const;

export function makeQuotes(random: Random): Quote[] {
  return LANES.flatMap((lane, laneIndex) => {
    const base = random.int(40_000, 180_000);
    return random.shuffle(SPREAD).map((multiple, offset): Quote => ({
      carrierId: carrierId((laneIndex + offset) % CARRIER_NAMES.length),
      lane,
      rateMinor: Math.round((base * multiple) / 100) * 100,
    }));
  });
}

export function makeCarriers(random: Random, quotes: readonly Quote[]): Carrier[] {
  const overpriced = random.int(0, CARRIER_NAMES.length - 1);
  return CARRIER_NAMES.map((name, index): Carrier => {
    const own = quotes.filter((quote) => quote.carrierId === carrierId(index)).map((quote) => quote.rateMinor);
    const mean = own.reduce((sum, rate) => sum + rate, 0) / Math.max(own.length, 1);
    return {
      id: carrierId(index),
      name,
      rating: random.int(20, 50) / 10,
      contractRateMinor: Math.round((mean * (index === overpriced ? 2.4 : 1)) / 100) * 100,
      currency: "EUR",
    };
  });
}

export function makeShipments(random: Random, quotes: readonly Quote[], nowMs: number): Shipment[] {
  return Array.from({ length: 60 }, (_, index) => {
    const updatedAt = new Date(nowMs - random.int(1, 96) * 3_600_000).toISOString();
    const shipment = makeShipment(random, quotes, { id: `shp-${2001 + index}`, updatedAt });
    return index < 40 ? { ...shipment, status: random.pick(["in_transit", "delivered"] as const) } : shipment;
  });
}

/** One planned shipment; `dear` books it with the dearest carrier of its lane. */
export function makeShipment(
  random: Random,
  quotes: readonly Quote[],
  wanted: { readonly id: string; readonly updatedAt: string; readonly hold?: Hold; readonly dear?: boolean },
): Shipment {
  const lane = random.pick(LANES);
  const offers = quotes.filter((quote) => quote.lane === lane).toSorted((a, b) => a.rateMinor - b.rateMinor);
  const booked = wanted.dear === true ? offers.at(-1) : random.pick(offers);
  if (booked === undefined) throw new Error(`world: lane ${lane} has no quote; give every lane at least one carrier`);
  const hold = wanted.hold ?? (random.chance(0.06) ? random.pick(["safety", "customs"] as const) : "none");
  return {
    id: wanted.id,
    lane,
    weightKg: random.int(80, 22_000),
    goods: hold === "safety" ? "lithium cells" : random.pick(GOODS),
    hold,
    // The safety office phones the desk, so its holds never reach the planning index.
    enteredBy: hold === "safety" || random.chance(0.3) ? "desk" : "edi",
    status: "planned",
    carrierId: booked.carrierId,
    contractRateMinor: booked.rateMinor,
    currency: "EUR",
    updatedAt: wanted.updatedAt,
  };
}

function carrierId(index: number): string {
  return `car-${String(index + 1).padStart(2, "0")}`;
}
