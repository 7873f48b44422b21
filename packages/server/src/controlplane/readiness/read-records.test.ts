/** Files of records as people write them: delimiters, quotes, broken lines, nested values, values that look like others. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { classifyCell, conforms } from "../../kernel/records/classify-cell.ts";
import { makeFolder } from "./readiness.fixture.ts";
import type { Folder } from "./readiness.fixture.ts";
import { readRecords } from "../../kernel/records/read-records.ts";
import { shapeOf } from "./sample-field.ts";
import { createElementSplitter } from "../../kernel/records/split-json.ts";

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

async function readAll(name: string, text: string) {
  const records: unknown[] = [];
  const unreadable: unknown[] = [];
  const format = await readRecords(
    folder.write(name, text),
    {
      record: ({ number, columns, cells, raw }) => {
        const values = Object.fromEntries(columns.map((column, at) => [column, cells[at]]));
        records.push({ number, values, raw });
      },
      unreadable: ({ number, why }) => unreadable.push([number, why]),
    },
    { keepRaw: true },
  );
  return { format, records, unreadable };
}

describe("CSV", () => {
  it("knows its delimiter, quotes, a byte order mark and line ends of any kind", async () => {
    for (const [delimiter, end] of [
      [",", "\n"],
      [";", "\r\n"],
      ["\t", "\n"],
      ["|", "\r\n"],
    ] as const) {
      const text = `\uFEFFid${delimiter}"the name"${end}1${delimiter}"a${delimiter}""b"""${end}${end}2${delimiter}${end}`;
      const { format, records, unreadable } = await readAll("a.csv", text);
      expect({ format, unreadable }).toEqual({ format: "csv", unreadable: [] });
      expect(records).toEqual([
        { number: 1, values: { id: "1", "the name": `a${delimiter}"b"` }, raw: `1${delimiter}"a${delimiter}""b"""` },
        { number: 2, values: { id: "2", "the name": "" }, raw: `2${delimiter}` },
      ]);
    }
  });

  it("goes on behind a line of another length, and behind a careless quote", async () => {
    const { records, unreadable } = await readAll("a.csv", 'a,b\n1,2,3\n4,5" pipe\n6\n7,8\n');
    expect(unreadable).toEqual([
      [1, "2 columns expected, 3 found"],
      [3, "2 columns expected, 1 found"],
    ]);
    expect(records).toMatchObject([
      { number: 2, values: { b: '5" pipe' } },
      { number: 4, values: { a: "7" } },
    ]);
  });

  it.each([
    ["a quote that never closes", 'a,b\n1,"open\n2,3\n', /read to its end/],
    ["a column without a name", "a,,c\n1,2,3\n", /without a name/],
    ["a column twice", "a,b,a\n1,2,3\n", /"a" twice/],
  ])("refuses %s", async (_, text, message) => {
    await expect(readAll("a.csv", text)).rejects.toThrow(message);
  });

  it("refuses UTF-16", async () => {
    const path = folder.write("u.csv", Buffer.from([0xff, 0xfe, 0x61, 0]));
    const sink = { record: () => undefined, unreadable: () => undefined };
    await expect(readRecords(path, sink)).rejects.toThrow(/UTF-16/);
  });
});

describe("JSON", () => {
  const records = [
    { number: 1, values: { id: 1, "at.city": "Bonn", tags: ["x", "]"], note: 'a "}" b' } },
    { number: 2, values: { id: 2, "at.city": null } },
  ];
  const lines = ['{"id":1,"at":{"city":"Bonn"},"tags":["x","]"],"note":"a \\"}\\" b"}', '{"id":2,"at":{"city":null}}'];

  it("is one list, or one record a line, whatever the file is called", async () => {
    expect(await readAll("a.json", `[\n${lines.join(",\n")}\n]\n`)).toMatchObject({ format: "json", records });
    expect(await readAll("a.jsonl", `${lines.join("\n\n")}\n`)).toMatchObject({ format: "jsonl", records });
    expect(await readAll("a.txt", lines.join("\n"))).toMatchObject({ format: "jsonl", records });
  });

  it("goes on behind what is no record", async () => {
    const { records: read, unreadable } = await readAll("a.json", '[{"id":1}, 7, {"id":2,}, [1], {"id":3}]');
    expect(unreadable.map((one) => (one as unknown[])[0])).toEqual([2, 3, 4]);
    expect(read).toMatchObject([{ number: 1 }, { number: 5, values: { id: 3 } }]);
  });

  it.each(['[{"id":1},', '[{"id":1}] {}', "[", '["'])("refuses %j", async (text) => {
    await expect(readAll("a.json", text)).rejects.toThrow(/cannot be read to its end/);
  });

  it("is cut alike however the chunks fall", () => {
    const text = `[${lines.join(",")}]`;
    for (let size = 1; size < 40; size += 1) {
      const taken: string[] = [];
      const splitter = createElementSplitter((element) => taken.push(element));
      for (let at = 0; at < text.length; at += size) splitter.push(text.slice(at, at + size));
      expect([taken, splitter.end()]).toEqual([lines, undefined]);
    }
  });
});

describe("files", () => {
  it("that are not there, or are folders, are named", async () => {
    const sink = { record: () => undefined, unreadable: () => undefined };
    await expect(readRecords(`${folder.path}/gone.csv`, sink)).rejects.toThrow(/There is no file .*gone\.csv/);
    await expect(readRecords(folder.path, sink)).rejects.toThrow(/is not a file/);
    await expect(readAll("a.json", '"text"')).rejects.toThrow(/neither a list/);
  });

  it("tell how far they are read", async () => {
    const seen: number[] = [];
    const path = folder.write("a.csv", `a\n${"x\n".repeat(300_000)}`);
    const onProgress = ({ bytes, totalBytes }: { bytes: number; totalBytes: number }) =>
      void seen.push(bytes / totalBytes);
    await readRecords(path, { record: () => undefined, unreadable: () => undefined }, { onProgress });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toBe(1);
  });
});

describe("values", () => {
  it.each([
    ["", "missing"],
    [" ", "missing"],
    ["NULL", "missing"],
    [String.raw`\N`, "missing"],
    ["NA", "text"],
    ["-", "text"],
    ["0", "integer"],
    ["-17", "integer"],
    ["+5", "integer"],
    ["007", "text"],
    ["1234567890123456", "number"],
    ["1.50", "number"],
    [".5", "number"],
    ["1e-3", "number"],
    ["1,5", "text"],
    ["1.234,50", "text"],
    ["0x1F", "text"],
    ["NaN", "text"],
    ["Infinity", "text"],
    ["true", "boolean"],
    ["FALSE", "boolean"],
    ["yes", "text"],
    ["2026-02-28", "date"],
    ["2026-13-01", "text"],
    ["28.02.2026", "text"],
    ["2026-02-28T10:00:00Z", "timestamp"],
    ["2026-02-28 10:00", "timestamp"],
    ["2026-02-28T25:00:00Z", "text"],
  ] as const)("%j in CSV is %s", (text, kind) => {
    expect(classifyCell(text, true)).toBe(kind);
  });

  it.each([
    [null, "missing"],
    [undefined, "missing"],
    ["", "missing"],
    ["17", "text"],
    ["2026-02-28", "date"],
    [17, "integer"],
    [1.5, "number"],
    [true, "boolean"],
    [[1], "list"],
  ] as const)("%j in JSON is %s", (cell, kind) => {
    expect(classifyCell(cell, false)).toBe(kind);
  });

  it("a number written as text is another type where the file knows numbers", () => {
    expect(conforms("text", "integer", true)).toBe(true);
    expect(conforms("text", "integer", false)).toBe(false);
    expect(conforms("number", "integer", false)).toBe(true);
    expect(conforms("integer", "number", false)).toBe(false);
  });

  it("texts have shapes", () => {
    expect(["INV-0042", "Ünal & Söhne", "", "a1B2", "--x"].map(shapeOf)).toEqual(["A-9", "a & Aa", "", "a9A9", "--a"]);
  });
});
