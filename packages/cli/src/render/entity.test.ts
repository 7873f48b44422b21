/** The page of a business object, against a golden page. After a change on purpose: `npx vitest run packages/cli/src/render -u`. */
import type { EntityEffect, EntityRecord } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import { createPaint } from "../text/paint.ts";
import { widthOf } from "../text/width.ts";
import { renderEntity } from "./entity.ts";

const id = (n: number): `act_${string}` => `act_${String(n).padStart(32, "0")}`;
const effect = (n: number, more: Partial<EntityEffect>): EntityEffect => ({
  id: id(n),
  by: { kind: "agent", name: `agent-${n}` },
  tool: `payables.tool_${n}`,
  at: `2026-01-02T03:0${n}:00.000Z`,
  status: "done",
  stands: false,
  holds: false,
  ...more,
});
const effects = [
  effect(1, { state: "flagged", contradicts: ["credited"], stands: true }),
  effect(2, { state: "payment_delayed", stands: true }),
  effect(3, {
    by: { kind: "person", name: "maria" },
    hold: "place",
    reason: "audit by the\u001B[2J tax office",
    holds: true,
  }),
  effect(4, {
    state: "credited",
    status: "unknown",
    stands: true,
    flow: "out",
    amount: { minor: 120_000, currency: "EUR" },
  }),
  effect(5, { state: "paid", status: "failed", flow: "out", amount: { minor: 5, currency: "EUR" } }),
  effect(6, { state: "reminded", status: "started", stands: true, touched: true }),
  effect(7, { ends: ["overdue"], compensatedBy: id(9) }),
];
const record: EntityRecord = {
  entity: "invoice:4711",
  version: 9,
  holder: id(6),
  states: effects.filter(({ stands }) => stands),
  holds: effects.filter(({ holds }) => holds),
  conflicts: [{ states: ["flagged", "credited"], effects: [id(1), id(4)] }],
  net: [{ currency: "EUR", inMinor: 7, outMinor: 0, maybeInMinor: 0, maybeOutMinor: 120_000 }],
  complete: false,
  effects: effects.toReversed(),
  next: 2,
};
const page = (width: number): string =>
  renderEntity(record, [], { paint: createPaint(false), width, now: Date.parse("2026-01-02T03:10:00Z") });

describe("renderEntity", () => {
  it("is the golden page", async () => {
    await expect(page(80)).toMatchFileSnapshot("./golden/entity.txt");
  });

  it("fits into 80 and 60 columns, and leaves no space at line ends", () => {
    for (const width of [80, 60]) {
      const lines = page(width).split("\n");
      expect(lines.filter((line) => widthOf(line) > width)).toEqual([]);
      expect(lines.filter((line) => line.endsWith(" "))).toEqual([]);
    }
  });

  it("lets nobody's text move the cursor", () => {
    expect(page(80)).not.toContain("\u001B");
    expect(page(80)).toContain("\\u001b[2J");
  });

  it("says that nothing stands", () => {
    const none = { ...record, states: [], holds: [], conflicts: [], net: [], effects: [], complete: true };
    expect(renderEntity(none, [], { paint: createPaint(false), width: 80, now: 0 })).toContain("STANDS     nothing");
  });
});
