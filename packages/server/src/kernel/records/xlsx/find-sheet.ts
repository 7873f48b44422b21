/** Finds in a workbook the sheet that is meant, and the parts that it takes its texts and formats from. */
import path from "node:path";

import { showLabel } from "../show-value.ts";
import { badWorkbook } from "./bad-workbook.ts";
import type { Parts } from "./open-parts.ts";
import { readXml, XmlError } from "./read-xml.ts";

export type SheetParts = {
  readonly sheet: string;
  readonly strings: string | undefined;
  readonly styles: string | undefined;
  /** Days are counted from 1904, as old Macs did. */
  readonly is1904: boolean;
};

type Relation = { readonly id: string; readonly type: string; readonly target: string | undefined };
/** Of sheets, and of parts that one part names. */
const listedMax = 10_000;

type Sheet = { readonly name: string; readonly relation: string; readonly isHidden: boolean };

/** Without a name, the first sheet that is not hidden. @throws AirworthyError `invalid_input` where there is none. */
export async function findSheet(file: string, parts: Parts, wanted: string | undefined): Promise<SheetParts> {
  const workbook = await findWorkbook(file, parts);
  const { sheets, is1904 } = await readWorkbook(parts, workbook);
  const relations = await readRelations(parts, workbook);
  const partOf = (type: string): string | undefined => relations.find((one) => one.type === type)?.target;
  const byId = new Map(relations.filter(({ type }) => type === "worksheet").map(({ id, target }) => [id, target]));
  const found = sheets
    .filter(({ relation }) => byId.has(relation))
    .find(({ name, isHidden }) => (wanted === undefined ? !isHidden : name === wanted));
  const sheet = byId.get(found?.relation ?? "");
  if (sheet === undefined) throw noSheet(file, sheets, wanted);
  return { sheet, strings: partOf("sharedStrings"), styles: partOf("styles"), is1904 };
}

/** Refuses what is a workbook of another kind: with macros, binary, or of another program. */
async function findWorkbook(file: string, parts: Parts): Promise<string> {
  if ([...parts.names].some((name) => /(?:^|\/)vbaProject\.bin$/i.test(name))) throw withMacros(file);
  if (!parts.names.has("[Content_Types].xml") || !parts.names.has("_rels/.rels")) throw noWorkbook(file);
  const relations = await readRelations(parts, "");
  const workbook = relations.find(({ type }) => type === "officeDocument")?.target;
  let type = "";
  await readXml(parts.read("[Content_Types].xml"), {
    open: (name, { PartName = "", ContentType = "" }) => {
      if (name === "Override" && PartName.replace(/^\//, "") === workbook) type = ContentType;
    },
  });
  if (/macroEnabled/i.test(type)) throw withMacros(file);
  if (workbook === undefined || !/spreadsheetml\.(?:sheet|template)\.main\+xml$/.test(type)) throw noWorkbook(file);
  return workbook;
}

async function readWorkbook(
  parts: Parts,
  workbook: string,
): Promise<{ readonly sheets: readonly Sheet[]; readonly is1904: boolean }> {
  const sheets: Sheet[] = [];
  let is1904 = false;
  await readXml(parts.read(workbook), {
    open: (name, attributes) => {
      if (name === "workbookPr") is1904 = /^(?:1|true|on)$/.test(attributes["date1904"] ?? "");
      if (name !== "sheet") return;
      if (sheets.length >= listedMax) throw new XmlError(`it has more than ${listedMax} sheets`);
      const relation = Object.entries(attributes).find(([key]) => key.endsWith(":id"))?.[1] ?? "";
      sheets.push({ name: attributes["name"] ?? "", relation, isHidden: /hidden/i.test(attributes["state"] ?? "") });
    },
  });
  return { sheets, is1904 };
}

/** The other parts that a part names. What lies outside the archive has no target. */
async function readRelations(parts: Parts, part: string): Promise<readonly Relation[]> {
  const { dir, base } = path.posix.parse(part);
  const relations: Relation[] = [];
  await readXml(parts.read(path.posix.join(dir, "_rels", `${base}.rels`)), {
    open: (name, { Id = "", Type = "", Target = "", TargetMode }) => {
      if (name !== "Relationship") return;
      if (relations.length >= listedMax) throw new XmlError(`one of its parts names more than ${listedMax} others`);
      const target = path.posix.resolve("/", dir, Target).slice(1);
      const type = Type.slice(Type.lastIndexOf("/") + 1);
      relations.push({ id: Id, type, target: TargetMode === "External" ? undefined : target });
    },
  });
  return relations;
}

const withMacros = (file: string) =>
  badWorkbook(file, { says: "holds macros", fix: "Save it as .xlsx, which has none." });
const noWorkbook = (file: string) =>
  badWorkbook(file, { says: "is an archive, but no XLSX workbook", fix: "Save it as .xlsx." });

function noSheet(file: string, sheets: readonly Sheet[], wanted: string | undefined) {
  const names = sheets.slice(0, 5).map(({ name }) => `"${showLabel(name)}"`);
  const which = wanted === undefined ? "sheet of cells that is not hidden" : `sheet "${showLabel(wanted)}"`;
  const says = `has no ${which}; it has ${names.join(", ") || "none"}`;
  return badWorkbook(file, { says, fix: "Name one of its sheets of cells." });
}
