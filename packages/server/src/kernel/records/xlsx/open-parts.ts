/** Opens a workbook's archive and hands out its parts as streams, held to limits: archives are made by strangers. */
import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";

import { AirworthyError } from "@airworthy/contract";
import yauzl, { type Entry, type ZipFile } from "yauzl";

import { badWorkbook } from "./bad-workbook.ts";

export type Parts = {
  readonly names: ReadonlySet<string>;
  /** Bytes of a part when it is unpacked, as the archive says; reading holds it to that. */
  readonly sizeOf: (name: string) => number;
  /** @throws AirworthyError `invalid_input` where the part is not there, damaged, encrypted, or unpacks to too much. */
  readonly read: (name: string) => AsyncGenerator<Buffer>;
  readonly close: () => void;
};

const entriesMax = 10_000;
/** Of all parts that are read, unpacked. */
const unpackedMax = 4 * 1024 ** 3;
/** Sheets pack to a tenth or a thirtieth; nothing but a trap packs to less than a two-hundredth. */
const ratioMax = 200;
const ratioFromBytes = 16 * 1024 ** 2;
const ole = Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);

/** @throws AirworthyError `invalid_input` for what is no archive, encrypted, or not to be trusted. */
export async function openParts(path: string): Promise<Parts> {
  await checkStart(path);
  const zip = await yauzl
    .openPromise(path, { autoClose: false, lazyEntries: true, strictFileNames: true })
    .catch((cause: unknown) => {
      throw damaged(path, cause);
    });
  try {
    const entries = await listEntries(path, zip);
    let unpacked = 0;
    return {
      names: new Set(entries.keys()),
      sizeOf: (name) => entries.get(name)?.uncompressedSize ?? 0,
      read: (name) => {
        const entry = entries.get(name);
        if (entry === undefined) throw badWorkbook(path, { says: `lacks its part ${name}`, fix: "Save it again." });
        unpacked += entry.uncompressedSize;
        const isTrap = entry.uncompressedSize > Math.max(ratioFromBytes, ratioMax * entry.compressedSize);
        if (isTrap || unpacked > unpackedMax) throw tooMuch(path);
        return readEntry(path, zip, entry);
      },
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function checkStart(path: string): Promise<void> {
  const file = await open(path);
  const start = Buffer.alloc(8);
  try {
    await file.read(start, 0, 8, 0);
  } finally {
    await file.close();
  }
  if (start.equals(ole)) {
    throw badWorkbook(path, {
      says: "is encrypted, or a workbook of the old kind (.xls)",
      fix: "Save it as .xlsx without a password.",
    });
  }
  if (start.toString("latin1", 0, 2) === "PK") return;
  throw badWorkbook(path, { says: "is no XLSX workbook", fix: "Save it as .xlsx, or say the format that it has." });
}

async function listEntries(path: string, zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  if (zip.entryCount > entriesMax) throw tooMuch(path);
  const entries = new Map<string, Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      // Readers differ in which of two they take: what one person checked is not what another reads.
      if (entries.has(entry.fileName)) throw badWorkbook(path, { says: "holds a part twice", fix: "Save it again." });
      if (entry.isEncrypted()) {
        throw badWorkbook(path, { says: "is encrypted", fix: "Save it without a password." });
      }
      entries.set(entry.fileName, entry);
    }
  } catch (error) {
    throw error instanceof AirworthyError ? error : damaged(path, error);
  }
  return entries;
}

async function* readEntry(path: string, zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  let sum = 0;
  try {
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      const buffer = Buffer.from(chunk);
      sum = crc32(buffer, sum);
      yield buffer;
    }
  } catch (error) {
    throw error instanceof AirworthyError ? error : damaged(path, error);
  }
  if (sum !== entry.crc32) throw damaged(path, undefined);
}

function damaged(path: string, cause: unknown): AirworthyError {
  const says = "is damaged, or was cut off: its archive cannot be read";
  return badWorkbook(path, { says, fix: "Send it again.", cause });
}

function tooMuch(path: string): AirworthyError {
  const says = "unpacks to more than a workbook may";
  return badWorkbook(path, { says, fix: "Look at where it comes from; send so much data as CSV." });
}
