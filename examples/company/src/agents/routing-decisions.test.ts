/** The carrier agent's judgement, and the mistake it makes about holds that it cannot see. */
import { describe, expect, it } from "vitest";
import {
  confidenceOf,
  decideContract,
  decideShipment,
  type CarrierRow,
  type ShipmentRow,
} from "./routing-decisions.ts";

const shipment: ShipmentRow = {
  shipmentId: "shp-1",
  lane: "HAM-MIL",
  status: "planned",
  carrierId: "car-01",
  contractRateMinor: 100_000,
  currency: "EUR",
  hold: "none",
};
const carriers: readonly CarrierRow[] = [
  { carrierId: "car-01", rating: 4, contractRateMinor: 90_000, quotedRateMinor: 100_000 },
  { carrierId: "car-02", rating: 4, contractRateMinor: 60_000, quotedRateMinor: 60_000 },
  { carrierId: "car-03", rating: 2, contractRateMinor: 70_000, quotedRateMinor: 70_000 },
];

describe("decideShipment", () => {
  it("assigns the cheapest carrier", () => {
    const decision = decideShipment(shipment, carriers);
    expect(decision).toMatchObject({ do: "assign", call: { args: { carrierId: "car-02", rateMinor: 60_000 } } });
  });

  it("leaves a shipment whose hold it sees, and takes one whose hold it does not see", () => {
    expect(decideShipment({ ...shipment, hold: "safety" }, carriers).do).toBe("leave");
    const { hold: _, ...unseen } = shipment;
    expect(decideShipment(unseen, carriers).do).toBe("assign");
  });

  it("leaves a shipment that is cheap enough, moving, or that nobody serves", () => {
    expect(decideShipment({ ...shipment, contractRateMinor: 62_000 }, carriers).do).toBe("leave");
    expect(decideShipment({ ...shipment, status: "in_transit" }, carriers).do).toBe("leave");
    expect(decideShipment(shipment, []).do).toBe("leave");
  });

  it("leaves what is above its cost limit", () => {
    const dear = carriers.map((carrier) => ({ ...carrier, quotedRateMinor: carrier.quotedRateMinor * 10 }));
    expect(decideShipment({ ...shipment, contractRateMinor: 1_000_000 }, dear).do).toBe("leave");
  });
});

describe("decideContract", () => {
  it("asks for the middle quote when the contract is far above it", () => {
    const contract = carriers.map((carrier) => ({ ...carrier, contractRateMinor: 150_000 }));
    expect(decideContract(shipment, contract)?.call.args).toEqual({ carrierId: "car-01", newRateMinor: 70_000 });
    expect(decideContract(shipment, carriers)).toBeUndefined();
  });
});

describe("confidenceOf", () => {
  it("grows with the saving, the rating and the number of quotes", () => {
    const base = { saving: 0.2, rating: 3, quotes: 3 };
    expect(confidenceOf({ ...base, saving: 0.3 })).toBeGreaterThan(confidenceOf(base));
    expect(confidenceOf({ ...base, rating: 4 })).toBeGreaterThan(confidenceOf(base));
    expect(confidenceOf({ ...base, quotes: 1 })).toBeLessThan(confidenceOf(base));
  });
});
