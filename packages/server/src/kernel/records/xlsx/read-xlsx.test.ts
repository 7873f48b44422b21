/** Workbooks as programs and strangers write them: values as they were saved, and refused as a whole where they cannot be trusted. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { makeFolder, type Folder } from "../../../controlplane/readiness/readiness.fixture.ts";
import { readRecords } from "../read-records.ts";
import type { FileShape } from "../record-sink.ts";
import { momentOf } from "./moment-of.ts";
import { formOf } from "./read-styles.ts";
import { unescapeText } from "./take-text.ts";
import { makeParts, makeRow, makeWorkbook, makeZip, type Made, type Part } from "./workbook.fixture.ts";

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

async function readAll(bytes: Buffer, shape: FileShape = {}, name = "a.xlsx") {
  const records: Record<string, unknown>[] = [];
  const raws: (string | undefined)[] = [];
  const unreadable: unknown[] = [];
  let header = "";
  const format = await readRecords(
    folder.write(name, bytes),
    {
      record: ({ columns, cells, raw }) => {
        records.push(Object.fromEntries(columns.map((column, at) => [column, cells[at]])));
        raws.push(raw);
      },
      unreadable: ({ number, why, raw }) => unreadable.push([number, why, raw]),
    },
    { shape, keepRaw: true, onHeader: (line) => void (header = line) },
  );
  return { format, records, unreadable, raws, header };
}
const readMade = async (made: Made, shape?: FileShape) => readAll(makeWorkbook(made), shape);
const heads = (...names: readonly string[]): string => makeRow(1, names);

describe("values", () => {
  it("are shared texts, texts of their own, rich texts, numbers and booleans, as they were saved", async () => {
    const { format, records, raws, header } = await readMade({
      strings: [
        "<t>id</t>",
        "<t>note</t>",
        '<r><t>bo</t></r><r><rPr><b/></rPr><t xml:space="preserve">ld </t></r><rPh sb="0" eb="1"><t>ボ</t></rPh>',
        "<t>a_x000A_b &amp; &#228; _x005F_x0041_</t>",
      ],
      rows: `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>n</t></is></c><c r="D1" t="str"><f>"o"&amp;"k"</f><v>ok</v></c></row>
        <row r="2"><c r="A2"><v>4711</v></c><c r="B2" t="s"><v>2</v></c><c r="C2"><f>0.1+0.2</f><v>0.30000000000000004</v></c><c r="D2" t="b"><v>1</v></c></row>
        <row r="3"><c r="A3" t="s"><v>3</v></c><c r="C3"><v>-1.5E+3</v></c><c r="D3" t="b"><v>0</v></c></row>
        <row><c><v>12345678901234567890</v></c><c t="inlineStr"><is><r><t>x</t></r><r><t>,y</t></r></is></c></row>`,
    });
    expect({ format, header }).toEqual({ format: "xlsx", header: "id,note,n,ok" });
    expect(records).toEqual([
      { id: 4711, note: "bold ", n: 0.3, ok: true },
      { id: "a\nb & ä _x0041_", note: null, n: -1500, ok: false },
      { id: "12345678901234567890", note: "x,y", n: null, ok: null },
    ]);
    expect(raws[2]).toBe('12345678901234567890,"x,y",,');
  });

  it("are days and moments by the format of their cells", async () => {
    const rows = `${heads("day", "at", "time", "plain")}
      <row r="2"><c r="A2" s="1"><v>46053</v></c><c r="B2" s="2"><v>46053.52100694444</v></c><c r="C2" s="3"><v>1.5</v></c><c r="D2" s="4"><v>46053</v></c></row>
      <row r="3"><c r="A3" s="1"><v>46053.5</v></c><c r="B3" t="d" s="1"><v>2026-01-31T00:00:00</v></c><c r="C3" s="3"><v>0.75</v></c></row>`;
    const formats = ["yyyy\\-mm\\-dd;@", "[$-409]d/m/yy h:mm AM/PM", "[h]:mm:ss", "[Red]0.00E+00&quot;d&quot;"];
    expect((await readMade({ rows, formats })).records).toEqual([
      { day: "2026-01-31", at: "2026-01-31T12:30:15", time: "36:00:00", plain: 46053 },
      { day: "2026-01-31T12:00:00", at: "2026-01-31", time: "18:00:00", plain: null },
    ]);
    const moreStyles = `<dxfs><dxf><numFmt numFmtId="164" formatCode="0.00"/></dxf></dxfs>`;
    const withConditions = await readMade({ rows, formats, moreStyles });
    expect(withConditions.records[0]).toMatchObject({ day: "2026-01-31" });
    const old = await readMade({ rows, formats, is1904: true });
    expect(old.records[0]).toMatchObject({ day: "2030-02-01", at: "2030-02-01T12:30:15" });
  });

  it("that are errors, or were never calculated, fit no type of a contract", async () => {
    const { records } = await readMade({
      rows: `${heads("a", "b", "c", "d")}<row r="2"><c r="A2" t="e"><v>#DIV/0!</v></c><c r="B2"><f>A1</f><v/></c><c r="C2" s="1"><v>60</v></c><c r="D2" t="s"><v>9</v></c></row>`,
      formats: ["yyyy-mm-dd"],
    });
    expect(records).toEqual([
      { a: ["#DIV/0!"], b: ["a formula without its value"], c: ["no day: 60"], d: ["a text that is not there"] },
    ]);
  });

  it.each([
    [1, "date", false, "1900-01-01"],
    [59, "date", false, "1900-02-28"],
    [61, "date", false, "1900-03-01"],
    [0, "date", true, "1904-01-01"],
    [2_958_465, "date", false, "9999-12-31"],
    [2_958_466, "date", false, undefined],
    [0.5, "timestamp", false, undefined],
    [-1, "time", false, undefined],
    [46053.999999999, "timestamp", false, "2026-02-01T00:00:00"],
    [46053.0000115741, "timestamp", false, "2026-01-31T00:00:01"],
  ] as const)("%d as a %s is %s", (serial, form, is1904, iso) => {
    expect(momentOf(serial, { form, is1904 })).toBe(iso);
  });

  it.each([
    ["General", undefined],
    ["0.00E+00", undefined],
    ['#,##0.00 "days"', undefined],
    ["[Red]-0.00", undefined],
    ["_-* #,##0.00 _d_-", undefined],
    ["dd.mm.yy", "date"],
    ["mmm", "date"],
    ["[mm]:ss.0", "time"],
    ["m/d/yyyy h:mm", "timestamp"],
    ["[$-F400]h:mm:ss AM/PM", "time"],
  ])("format %s shows %s", (code, form) => expect(formOf(code)).toBe(form));

  it("say characters that XML cannot, and no halves of pairs", () => {
    expect(unescapeText("_x0041_ _x0_ _xD83D_")).toBe("A _x0_ \ufffd");
  });
});

describe("records", () => {
  const rows = `${makeRow(1, ["Vendors of 2026"])}<row r="3"><c r="B3" t="inlineStr"><is><t> id </t></is></c><c r="D3" t="inlineStr"><is><t>n</t></is></c></row>
    <row r="4" hidden="1"><c r="B4"><v>1</v></c></row><row r="5"/><row r="6"><c r="B6" s="0"/></row>
    <row r="7"><c r="B7"><v>2</v></c><c r="C7"><v>3</v></c></row><row r="9"><c r="D9"><v>4</v></c></row>`;

  it("stand below the row that names the columns, hidden ones too, empty ones not", async () => {
    const { records, unreadable } = await readMade({ rows }, { header: 3 });
    expect(records).toEqual([
      { id: 1, n: null },
      { id: null, n: 4 },
    ]);
    expect(unreadable).toEqual([[2, "nothing outside the named columns expected, found something in C7", "2,3"]]);
  });

  it("come from the sheet that is named, else the first that is not hidden", async () => {
    const made: Made = {
      rows: "",
      sheets: [
        { name: "Notes", state: "veryHidden", rows: heads("hidden") + makeRow(2, ["x"]) },
        { name: "Data", rows: heads("id") + makeRow(2, ["a"]) },
        { name: "Old", rows: heads("id") + makeRow(2, ["b"]) },
      ],
    };
    expect((await readMade(made)).records).toEqual([{ id: "a" }]);
    expect((await readMade(made, { sheet: "Old" })).records).toEqual([{ id: "b" }]);
    await expect(readMade(made, { sheet: "data" })).rejects.toThrow(
      /has no sheet "data"; it has "Notes", "Data", "Old"/,
    );
  });

  it("are none with merged cells among them; a title may be merged", async () => {
    const merged = (ref: string): Promise<unknown> =>
      readMade({ rows, after: `<mergeCells><mergeCell ref="${ref}"/></mergeCells>` }, { header: 3 });
    await expect(merged("A1:D2")).resolves.toBeDefined();
    await expect(merged("F4:F9")).resolves.toBeDefined();
    await expect(merged("B4:B4")).resolves.toBeDefined();
    await expect(merged("B4:B7")).rejects.toThrow(/has merged cells among its records \(B4:B7\)/);
    await expect(merged("D3:D4")).rejects.toThrow(/merged cells/);
    await expect(merged("4:B7")).rejects.toThrow(/cannot be read to its end: "4" is no cell/);
  });

  it("need names for their columns", async () => {
    await expect(readMade({ rows: heads("a", "a") })).rejects.toThrow(/Row 1 of .* names the column "a" twice/);
    await expect(readMade({ rows: "" })).rejects.toThrow(/has no row that names the columns/);
    await expect(readMade({ rows }, { header: 2 })).rejects.toThrow(/has nothing in row 2/);
    await expect(readMade({ rows }, { header: 99 })).rejects.toThrow(/has nothing in row 99/);
    const fault = '<row r="1"><c r="A1" t="e"><v>#REF!</v></c></row>';
    await expect(readMade({ rows: fault })).rejects.toThrow(/has no name but #REF! in A1/);
  });
});

describe("a workbook that cannot be trusted is refused", () => {
  const sound: Made = { rows: heads("id") + makeRow(2, ["a"]), strings: ["<t>x</t>"] };
  const without = (name: string): Part[] => makeParts(sound).filter((part) => part.name !== name);
  const withPart = (part: Part): Part[] => [...without(part.name), part];
  const sheet = "xl/worksheets/sheet1.xml";
  const ole = Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0]);
  const zeros = Buffer.alloc(32 * 1024 ** 2);

  it.each<[string, () => Buffer, RegExp]>([
    ["cut off", () => makeWorkbook(sound).subarray(0, -30), /is damaged, or was cut off/],
    ["empty", () => Buffer.alloc(0), /is no XLSX workbook/],
    ["text", () => Buffer.from("id,amount\n1,2\n"), /is no XLSX workbook/],
    ["encrypted or of the old kind", () => ole, /is encrypted, or a workbook of the old kind/],
    ["encrypted within", () => makeZip(withPart({ name: "x", data: "x", isEncrypted: true })), /is encrypted/],
    ["with macros", () => makeZip(withPart({ name: "xl/vbaProject.bin", data: "x" })), /holds macros/],
    [
      "with macros by its type",
      () => makeWorkbook({ ...sound, workbookType: "application/vnd.ms-excel.sheet.macroEnabled.main+xml" }),
      /holds macros/,
    ],
    [
      "binary",
      () => makeWorkbook({ ...sound, workbookType: "application/vnd.ms-excel.sheet.binary.macroEnabled.main" }),
      /holds macros/,
    ],
    ["another archive", () => makeZip([{ name: "a.txt", data: "x" }]), /is an archive, but no XLSX workbook/],
    [
      "a document of words",
      () =>
        makeWorkbook({
          ...sound,
          workbookType: "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        }),
      /no XLSX workbook/,
    ],
    ["without its sheet", () => makeZip(without(sheet)), /lacks its part xl\/worksheets\/sheet1\.xml/],
    ["with a part twice", () => makeZip([...makeParts(sound), { name: sheet, data: "x" }]), /holds a part twice/],
    [
      "damaged inside",
      () => makeZip(withPart({ name: sheet, data: makeParts(sound).at(-1)?.data ?? "", crc: 1 })),
      /is damaged/,
    ],
    ["that lies of a size", () => makeZip(withPart({ name: sheet, data: "<a>".repeat(99), size: 10 })), /is damaged/],
    [
      "a trap of one part",
      () => makeZip(withPart({ name: sheet, data: zeros })),
      /unpacks to more than a workbook may/,
    ],
    [
      "a trap of many parts",
      () => makeZip(Array.from({ length: 10_001 }, (_, at) => ({ name: `p${at}`, data: "" }))),
      /unpacks to more than a workbook may/,
    ],
    [
      "with entities",
      () =>
        makeZip(withPart({ name: sheet, data: '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>' })),
      /it has a document type/,
    ],
    [
      "with an entity of its own",
      () => makeZip(withPart({ name: sheet, data: "<a>&x;</a>" })),
      /cannot be read to its end/,
    ],
    ["that ends within a row", () => makeWorkbook({ ...sound, rows: `${heads("id")}<row r="2">` }), /cannot be read/],
    ["that is not UTF-8", () => makeZip(withPart({ name: sheet, data: Buffer.from([0x3c, 0x61, 0xff]) })), /not UTF-8/],
    [
      "with an element of endless attributes",
      () =>
        makeZip(
          withPart({ name: sheet, data: `<a ${Array.from({ length: 3000 }, (_, at) => `b${at}=""`).join(" ")}/>` }),
        ),
      /more than 256 attributes/,
    ],
    [
      "with relations without end",
      () =>
        makeZip(
          withPart({ name: "_rels/.rels", data: `<r>${'<Relationship Id="a" Target="b"/>'.repeat(10_001)}</r>` }),
        ),
      /names more than 10000 others/,
    ],
    [
      "with sheets without end",
      () => makeZip(withPart({ name: "xl/workbook.xml", data: `<w>${"<sheet/>".repeat(10_001)}</w>` })),
      /more than 10000 sheets/,
    ],
    ["too deep", () => makeZip(withPart({ name: sheet, data: "<a>".repeat(100) })), /nested too deep/],
    [
      "with rows that go back",
      () => makeWorkbook({ ...sound, rows: makeRow(2, ["a"]) + makeRow(1, ["b"]) }),
      /not in order/,
    ],
    [
      "with cells that go back",
      () => makeWorkbook({ ...sound, rows: '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>' }),
      /not in order/,
    ],
    ["with a row beyond the last", () => makeWorkbook({ ...sound, rows: makeRow(1_048_577, ["a"]) }), /not in order/],
    [
      "with a row that has no end",
      () =>
        makeWorkbook({
          ...sound,
          rows: `<row r="1">${'<c t="inlineStr"><is><t>abcdefghijklmnop</t></is></c>'.repeat(2)}${Array.from({ length: 200 }, (_, at) => `<c t="inlineStr"><is><t>${String(at).repeat(20_000)}</t></is></c>`).join("")}</row>`,
        }),
      /is longer than 4 MiB/,
    ],
    [
      "that looks elsewhere",
      () =>
        makeZip(
          withPart({
            name: "xl/_rels/workbook.xml.rels",
            data: '<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="http://x/y" TargetMode="External"/></Relationships>',
          }),
        ),
      /has no sheet of cells/,
    ],
    [
      "that climbs out of its archive",
      () =>
        makeZip(
          withPart({
            name: "xl/_rels/workbook.xml.rels",
            data: '<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="../../../etc/passwd"/></Relationships>',
          }),
        ),
      /lacks its part etc\/passwd/,
    ],
    [
      "with more texts than are kept",
      () => makeZip(withPart({ name: "xl/sharedStrings.xml", data: `<sst>${"<si/>".repeat(2_000_001)}</sst>` })),
      /more text than is kept in memory/,
    ],
  ])("%s", async (_, make, message) => {
    await expect(readAll(make())).rejects.toThrow(message);
  });

  it("whatever it is called", async () => {
    const workbook = makeWorkbook(sound);
    await expect(readAll(workbook, {}, "a.csv")).rejects.toThrow(/is a workbook or an archive/);
    await expect(readAll(workbook, { format: "fixed" }, "a.txt")).rejects.toThrow(/is a workbook or an archive/);
    await expect(readAll(workbook, {}, "a.xlsx.gz")).rejects.toThrow(/packed workbook/);
    await expect(readAll(ole, {}, "a.xls")).rejects.toThrow(/old kind/);
    expect((await readAll(workbook, { format: "xlsx" }, "a.dat")).records).toEqual([{ id: "a" }]);
  });
});
