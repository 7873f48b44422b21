/** Tables, widths, cleaning, times and money. */
import { assert, integer, property, string } from "fast-check";
import { describe, expect, it } from "vitest";

import { readEnvironment } from "../environment.ts";
import { clean } from "./clean.ts";
import { ageText, clockText, moneyText, relativeText, spanText } from "./moment.ts";
import { createPaint } from "./paint.ts";
import { renderTable } from "./table.ts";
import { digestText } from "./value.ts";
import { cut, pad, widthOf, wrap } from "./width.ts";

describe("renderTable", () => {
  const columns = [{ title: "NAME" }, { title: "COUNT", align: "right" }, { title: "WHY", shrinks: true }] as const;
  const rows = [
    ["a", "1", "short"],
    ["longer", "1000", "a long reason that has to give way"],
  ];

  it("aligns columns and leaves no space at line ends", () => {
    expect(renderTable(columns, rows, { width: Number.POSITIVE_INFINITY })).toBe(
      ["NAME    COUNT  WHY", "a           1  short", "longer   1000  a long reason that has to give way", ""].join(
        "\n",
      ),
    );
  });

  it("cuts only what may shrink", () => {
    const table = renderTable(columns, rows, { width: 30 });
    expect(table.split("\n")[2]).toBe("longer   1000  a long reason …");
    expect(Math.max(...table.split("\n").map(widthOf))).toBe(30);
  });

  it("aligns wide characters and coloured cells", () => {
    const { red } = createPaint(true);
    const table = renderTable(columns, [["漢字", { text: "7", paint: red }, "x"]], { width: 80 });
    expect(table).toBe(`NAME  COUNT  WHY\n漢字  ${"\u001B[31m7\u001B[39m".padStart(15)}  x\n`);
  });

  it("pads what is missing and needs no rows", () => {
    expect(renderTable(columns, [["a"]], { width: 80 })).toBe("NAME  COUNT  WHY\na\n");
    expect(renderTable(columns, [], { width: 80 })).toBe("NAME  COUNT  WHY\n");
  });
});

describe("widths", () => {
  it("cut, pad and wrap keep to their columns, whatever the text", () => {
    assert(
      property(string({ unit: "grapheme" }), integer({ min: 2, max: 40 }), (text, columns) => {
        const safe = clean(text);
        expect(widthOf(cut(safe, columns))).toBeLessThanOrEqual(columns);
        expect(widthOf(pad(cut(safe, columns), columns))).toBe(columns);
        for (const line of wrap(safe, columns)) expect(widthOf(line)).toBeLessThanOrEqual(columns);
        expect(wrap(safe, columns).join("").replaceAll(" ", "")).toBe(safe.replaceAll(" ", ""));
      }),
    );
  });
});

describe("clean", () => {
  it("leaves nothing that a terminal would obey", () => {
    assert(
      property(string({ unit: "binary" }), (text) => {
        // oxlint-disable-next-line no-control-regex
        expect(clean(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });

  it("spells out what it takes away, and leaves the rest", () => {
    expect(clean("a\u001B[31mb\n\t\u202Ec\u{E0041}é漢")).toBe("a\\u001b[31mb\\n\\t\\u202ec\\u{e0041}é漢");
  });
});

describe("times and money", () => {
  it.each([
    [0, "0 s"],
    [231, "231 ms"],
    [1000, "1 s"],
    [65_000, "1 min 5 s"],
    [665_000, "11 min"],
    [3_600_000, "1 h"],
    [93_600_000, "1 d 2 h"],
    [-5, "0 s"],
  ])("%i ms is %s", (ms, text) => {
    expect(spanText(ms)).toBe(text);
  });

  it("tells past from future", () => {
    const now = Date.parse("2026-03-02T09:30:00.000Z");
    expect(relativeText("2026-03-02T09:27:00.000Z", now)).toBe("3 min ago");
    expect(relativeText("2026-03-02T11:30:00.000Z", now)).toBe("in 2 h");
    expect(relativeText("2026-03-02T09:30:00.400Z", now)).toBe("now");
    expect(relativeText("nonsense", now)).toBe("nonsense");
    expect(ageText("2026-03-02T09:27:55.000Z", now)).toBe("2 min");
    expect(clockText("2026-03-02T09:27:00.123Z")).toBe("2026-03-02 09:27:00 UTC");
  });

  it.each([
    [124_000, "USD", "1,240.00 USD"],
    [124_000, "JPY", "124,000 JPY"],
    [1240, "KWD", "1.240 KWD"],
    [-5, "EUR", "-0.05 EUR"],
    [5, "?", "0.05 ?"],
  ])("%i minor units of %s are %s", (minor, currency, text) => {
    expect(moneyText({ minor, currency })).toBe(text);
  });

  it("shortens digests but not short ones", () => {
    expect(digestText(`sha256:${"a".repeat(64)}`)).toBe("sha256:aaaaaaaaaaaa…");
    expect(digestText("b".repeat(64))).toBe("bbbbbbbbbbbb…");
    expect(digestText("sha256:bb")).toBe("sha256:bb");
  });
});

describe("readEnvironment", () => {
  it.each([
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, "never"],
    [{ FORCE_COLOR: "1" }, "always"],
    [{ FORCE_COLOR: "0" }, "never"],
    [{ NO_COLOR: "" }, "auto"],
    [{ TERM: "dumb" }, "never"],
    [{}, "auto"],
  ])("%j means colour %s", (env, colour) => {
    expect(readEnvironment(env)).toEqual({ colour });
  });

  it("takes empty as not given", () => {
    expect(readEnvironment({ AIRWORTHY_URL: "", DATABASE_URL: "postgres://db", TERM: "dumb" })).toEqual({
      databaseUrl: "postgres://db",
      colour: "never",
    });
  });
});
