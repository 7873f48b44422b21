/** Looks at a folder tree: which documents are there, which have been quiet, and what cannot be one. */
import type { Dirent } from "node:fs";
import { opendir, realpath } from "node:fs/promises";
import path from "node:path";

import { AirworthyError, type DocumentFormat, type DocumentsConnector } from "@airworthy/contract";

import { cleanText } from "../../kernel/documents/clean-text.ts";
import { durationMs } from "../../kernel/duration.ts";
import { isIdentifier } from "../../kernel/identifier.ts";
import { forgetAbsent, isQuiet, lookAtFile, type FileLook, type Quiet } from "../quiet-files.ts";

export type FoundDocument = FileLook & {
  /** Below the folder, parted by slashes. */
  readonly name: string;
  readonly full: string;
  readonly format: DocumentFormat;
};

export type Tree = {
  /** Where the tree begins, links on the way to it resolved. */
  readonly root: string;
  /** Those that have been quiet, oldest first. */
  readonly documents: readonly FoundDocument[];
  /** Every document that is there, quiet or not. */
  readonly present: ReadonlySet<string>;
  /** Whose path cannot be kept: as it can be shown, and why. */
  readonly unnameable: readonly { readonly shown: string; readonly raw: Buffer; readonly reason: string }[];
  readonly folders: readonly string[];
  /** Those that wait for their quiet. */
  readonly resting: readonly (FileLook & { readonly name: string })[];
};

const defaultStableMs = 10_000;
const documentsMax = 200_000;
const depthMax = 64;
/** With the version and the number of the passage, its key is an identifier still. */
export const pathMax = 480;

const formats: Readonly<Record<string, DocumentFormat>> = {
  ".txt": "text",
  ".text": "text",
  ".md": "markdown",
  ".markdown": "markdown",
  ".pdf": "pdf",
};

type Looking = {
  readonly wanted: ReadonlySet<DocumentFormat>;
  readonly found: { readonly name: string; readonly full: string; readonly format: DocumentFormat }[];
  readonly unnameable: { readonly shown: string; readonly raw: Buffer; readonly reason: string }[];
  readonly folders: string[];
};

/** Links are not followed, and what begins with a dot is left. @throws AirworthyError where a folder of it cannot be read. */
export async function scanTree(
  connector: DocumentsConnector,
  { folder, quiet }: { readonly folder: string; readonly quiet: Quiet },
): Promise<Tree> {
  const root = await realpath(folder).catch((cause: unknown) => {
    throw unreadable(connector.name, "", cause);
  });
  const looking: Looking = {
    wanted: new Set(connector.formats ?? ["text", "markdown", "pdf"]),
    found: [],
    unnameable: [],
    folders: [],
  };
  await lookInto(looking, connector.name, { full: root, name: "", depth: 1 });
  const restMs = connector.stable === undefined ? defaultStableMs : durationMs(connector.stable);
  const documents: FoundDocument[] = [];
  const present = new Set<string>();
  const resting: (FileLook & { readonly name: string })[] = [];
  for (const one of looking.found) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: a tree may hold very many
    const look = await lookAtFile(one.full);
    if (look === undefined) continue;
    present.add(one.name);
    if (isQuiet(quiet, { name: one.name, stamp: look.stamp }, restMs)) documents.push({ ...one, ...look });
    else resting.push({ name: one.name, ...look });
  }
  forgetAbsent(quiet, present);
  const { unnameable, folders } = looking;
  const sorted = documents.toSorted((a, b) => a.writtenAt - b.writtenAt || (a.name < b.name ? -1 : 1));
  return { root, documents: sorted, present, unnameable, folders, resting };
}

type Folder = { readonly full: string; readonly name: string; readonly depth: number };

async function lookInto(looking: Looking, source: string, folder: Folder): Promise<void> {
  looking.folders.push(folder.full);
  for (const entry of await entriesOf(source, folder)) {
    const raw = entry.name;
    if (raw[0] === 0x2e) continue;
    const text = raw.toString("utf8");
    const name = folder.name === "" ? text : `${folder.name}/${text}`;
    const format = formats[path.extname(text).toLowerCase()];
    const isWanted = entry.isFile() && format !== undefined && looking.wanted.has(format);
    if (!isWanted && !entry.isDirectory()) continue;
    const reason = whyUnnameable(name, raw, folder.depth);
    if (reason !== undefined) {
      looking.unnameable.push({ shown: shownPath(name), raw: Buffer.concat([Buffer.from(folder.name), raw]), reason });
    } else if (isWanted) {
      looking.found.push({ name, full: path.join(folder.full, text), format });
      if (looking.found.length > documentsMax) throw tooMany(source);
    } else {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: a tree may hold very many
      await lookInto(looking, source, { full: path.join(folder.full, text), name, depth: folder.depth + 1 });
    }
  }
}

/** Names as bytes: what is no text must not be taken for another name. */
async function entriesOf(source: string, { full, name }: Folder): Promise<Dirent<Buffer>[]> {
  try {
    const entries: Dirent<Buffer>[] = [];
    // The types know names as texts only.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const encoding = "buffer" as unknown as BufferEncoding;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    for await (const entry of await opendir(full, { encoding })) entries.push(entry as unknown as Dirent<Buffer>);
    return entries.toSorted((a, b) => a.name.compare(b.name));
  } catch (cause) {
    throw unreadable(source, name, cause);
  }
}

function whyUnnameable(name: string, raw: Buffer, depth: number): string | undefined {
  if (!Buffer.from(raw.toString("utf8")).equals(raw)) return "its name is not UTF-8";
  if (name.length > pathMax) return `its path is longer than ${pathMax} characters`;
  if (!isIdentifier(name)) return "its name holds control characters";
  // An agent reads the path as well. How a letter is composed is its file system's affair.
  if (cleanText(name).text !== name.normalize("NFC")) return "its name holds characters that nobody sees";
  return depth > depthMax ? `it lies more than ${depthMax} folders deep` : undefined;
}

const shownPath = (name: string): string =>
  name.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]|\p{Default_Ignorable_Code_Point}/gu, "\ufffd").slice(0, pathMax);

function unreadable(source: string, name: string, cause: unknown): AirworthyError {
  const which = name === "" ? "The folder" : `The folder ${JSON.stringify(name)}`;
  return new AirworthyError("unavailable", `${which} of ${source} cannot be read.`, {
    cause,
    retryable: true,
    fix: "Look at folder, and at its permissions.",
  });
}

function tooMany(source: string): AirworthyError {
  return new AirworthyError("too_large", `The folder of ${source} holds more than ${documentsMax} documents.`, {
    fix: "Make two sources of it.",
  });
}
