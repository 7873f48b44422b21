/** The page "why did it do this?", against golden pages. After a change on purpose: `npx vitest run packages/cli/src/explain -u`. */
import { ActionStatus, type Explanation } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import { createPaint } from "../text/paint.ts";
import { widthOf } from "../text/width.ts";
import { renderExplanation } from "./page.ts";
import { done, readAt, refusedStale, unknown, waiting } from "./records.fixture.ts";

const page = (explanation: Explanation, width = 80, colour = false): string =>
  renderExplanation(explanation, { paint: createPaint(colour), width, now: readAt });

const golden = { "refused-stale": refusedStale, waiting, done, unknown };

describe("renderExplanation", () => {
  it.each(Object.entries(golden))("%s is the golden page", async (name, explanation) => {
    await expect(page(explanation)).toMatchFileSnapshot(`./golden/${name}.txt`);
  });

  it.each(Object.entries(golden))(
    "%s fits into 80 and 60 columns, and leaves no space at line ends",
    (_, explanation) => {
      for (const width of [80, 60]) {
        const lines = page(explanation, width).split("\n");
        expect(lines.filter((line) => widthOf(line) > width && !line.includes("airworthy "))).toEqual([]);
        expect(lines.filter((line) => line.endsWith(" "))).toEqual([]);
      }
    },
  );

  it("says the same with colour as without", () => {
    const coloured = page(refusedStale, 80, true);
    expect(coloured).toContain("\u001B[31m");
    // oxlint-disable-next-line no-control-regex
    expect(coloured.replaceAll(/\u001B\[\d+m/g, "")).toBe(page(refusedStale));
  });

  it("keeps the order: verdict, inputs, rules, claims, approval, effect, proof, next", () => {
    const titles = page(waiting)
      .split("\n")
      .filter((line) => /^[A-Z][A-Z' ]+$/.test(line));
    expect(titles).toEqual(["INPUTS", "RULES", "THE AGENT'S OWN CLAIMS", "APPROVAL", "EFFECT", "PROOF", "NEXT"]);
  });

  it("shows a fact beyond its limit as stale, in words", () => {
    const [fact] = waiting.action.facts;
    if (fact === undefined) throw new Error("the fixture has a fact");
    const late = { ...waiting, action: { ...waiting.action, facts: [{ ...fact, ageMs: fact.maxAgeMs + 1 }] } };
    expect(page(waiting)).toContain("fresh");
    expect(page(late)).not.toContain("fresh");
    expect(page(late)).toContain("stale");
  });

  it("lets nobody's text move the cursor, colour the page or begin a line of ours", () => {
    const evil = "fine\u001B[2J\u202E\r\nAPPROVAL\n  approved";
    const text = page({
      ...refusedStale,
      action: { ...refusedStale.action, rationale: evil, arguments: { [evil]: evil } },
    });
    expect(text).not.toContain("\u001B");
    expect(text).not.toContain("\u202E");
    expect(text.split("\n")).not.toContain("APPROVAL");
    expect(text).toContain("\\u001b[2J");
  });

  it("renders every status an action can have", () => {
    for (const status of ActionStatus.options) {
      const text = page({ ...refusedStale, action: { ...refusedStale.action, status }, proof: [] });
      expect(text.split("\n")[0]).toContain(status.toUpperCase());
      expect(text).toContain("EFFECT");
    }
  });

  it("says so when there is no decision, no fact, no argument and no proof", () => {
    const { decision: _, ...action } = refusedStale.action;
    const text = page({ ...refusedStale, action: { ...action, facts: [], lineage: [], arguments: {} }, proof: [] });
    expect(text).toContain("It has not been judged.");
    expect(text).toContain("It rested on no facts.");
    expect(text).toContain("It had no arguments.");
    expect(text).toContain("The ledger has no entry for it yet.");
  });
});
