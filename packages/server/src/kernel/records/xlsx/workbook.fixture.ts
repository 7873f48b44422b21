/** Workbooks for tests, written part by part, so that they can be wrong in any way. */
import { crc32, deflateRawSync } from "node:zlib";

export type Part = {
  readonly name: string;
  readonly data: string | Buffer;
  /** What the archive says of it, where that is not so. */
  readonly crc?: number;
  readonly size?: number;
  readonly isEncrypted?: boolean;
};

/** A ZIP archive (APPNOTE 6.3.10: local headers, central directory, end). */
export function makeZip(parts: readonly Part[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let at = 0;
  for (const { name, data, crc, size, isEncrypted = false } of parts) {
    const bytes = Buffer.from(data);
    const packed = deflateRawSync(bytes);
    const file = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(isEncrypted ? 1 : 0, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc ?? crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(size ?? bytes.length, 18);
    common.writeUInt16LE(file.length, 22);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, file, packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    centrals.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\0"), common, rest, file]));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(parts.length, 4);
  end.writeUInt16LE(parts.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...locals, directory, Buffer.from("PK\u0005\u0006"), end]);
}

const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const packageTypes = "http://schemas.openxmlformats.org/package/2006";
const sheetType = "application/vnd.openxmlformats-officedocument.spreadsheetml";

export type Made = {
  /** Rows and all between `sheetData` and its end; `after` stands behind it. */
  readonly rows: string;
  readonly after?: string;
  /** Each as the content of an `si`. */
  readonly strings?: readonly string[];
  /** Format codes, of which cell style 1 is the first. */
  readonly formats?: readonly string[];
  /** What stands behind the formats of cells in the styles. */
  readonly moreStyles?: string;
  readonly sheets?: readonly { readonly name: string; readonly state?: string; readonly rows?: string }[];
  readonly is1904?: boolean;
  readonly workbookType?: string;
};

/** The parts of a workbook, to be made worse or packed. */
export function makeParts(made: Made): Part[] {
  const { sheets = [{ name: "Data" }], strings, formats = [] } = made;
  const relation = (id: string, type: string, target: string): string =>
    `<Relationship Id="${id}" Type="${office}/${type}" Target="${target}"/>`;
  const relations = (...all: readonly string[]): string =>
    `<Relationships xmlns="${packageTypes}/relationships">${all.join("")}</Relationships>`;
  const listed = sheets.map(({ name, state }, at) => {
    const shown = state === undefined ? "" : ` state="${state}"`;
    return `<sheet name="${name}" sheetId="${at + 1}"${shown} r:id="rId${at + 1}"/>`;
  });
  return [
    {
      name: "[Content_Types].xml",
      data: `<Types xmlns="${packageTypes}/content-types"><Override PartName="/xl/workbook.xml" ContentType="${made.workbookType ?? `${sheetType}.sheet.main+xml`}"/></Types>`,
    },
    { name: "_rels/.rels", data: relations(relation("rId1", "officeDocument", "xl/workbook.xml")) },
    {
      name: "xl/workbook.xml",
      data: `<workbook xmlns="${main}" xmlns:r="${office}"><workbookPr${made.is1904 === true ? ' date1904="1"' : ""}/><sheets>${listed.join("")}</sheets></workbook>`,
    },
    {
      name: "xl/_rels/workbook.xml.rels",
      data: relations(
        ...sheets.map((_, at) => relation(`rId${at + 1}`, "worksheet", `worksheets/sheet${at + 1}.xml`)),
        relation("rId98", "styles", "/xl/styles.xml"),
        ...(strings === undefined ? [] : [relation("rId99", "sharedStrings", "sharedStrings.xml")]),
      ),
    },
    {
      name: "xl/styles.xml",
      data: `<styleSheet xmlns="${main}"><numFmts>${formats.map((code, at) => `<numFmt numFmtId="${164 + at}" formatCode="${code}"/>`).join("")}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>${formats.map((_, at) => `<xf numFmtId="${164 + at}"/>`).join("")}</cellXfs>${made.moreStyles ?? ""}</styleSheet>`,
    },
    ...(strings === undefined
      ? []
      : [
          {
            name: "xl/sharedStrings.xml",
            data: `<sst xmlns="${main}">${strings.map((text) => `<si>${text}</si>`).join("")}</sst>`,
          },
        ]),
    ...sheets.map(({ rows = made.rows }, at) => ({
      name: `xl/worksheets/sheet${at + 1}.xml`,
      data: `<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="${main}"><sheetData>${rows}</sheetData>${made.after ?? ""}</worksheet>`,
    })),
  ];
}

export const makeWorkbook = (made: Made): Buffer => makeZip(makeParts(made));

/** A row of texts and numbers, the first cell in column A. */
export function makeRow(row: number, cells: readonly (string | number | boolean | null)[]): string {
  const written = cells.map((cell, at) => {
    const place = `${String.fromCodePoint(65 + at)}${row}`;
    if (cell === null) return "";
    if (typeof cell === "number") return `<c r="${place}"><v>${cell}</v></c>`;
    if (typeof cell === "boolean") return `<c r="${place}" t="b"><v>${cell ? 1 : 0}</v></c>`;
    return `<c r="${place}" t="inlineStr"><is><t>${cell.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</t></is></c>`;
  });
  return `<row r="${row}">${written.join("")}</row>`;
}
