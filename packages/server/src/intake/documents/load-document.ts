/** Takes the bytes of a document as they are at one moment, from inside the folder and from nowhere else. */
import { createHash } from "node:crypto";
import { constants, open, realpath, type FileHandle } from "node:fs/promises";
import path from "node:path";

import { AirworthyError } from "@airworthy/contract";

import { sha256Hex } from "../../kernel/canonical.ts";
import { lookAtFile } from "../quiet-files.ts";
import type { FoundDocument } from "./scan-tree.ts";

/** Without bytes there is a reason, and a digest that stands for the file as it lies there. */
export type LoadedDocument =
  | { readonly digest: string; readonly bytes: Buffer<ArrayBuffer> }
  | { readonly digest: string; readonly reason: string };

const chunkBytes = 1024 * 1024;

/** Undefined where it is not what was found any more: it is looked at again later. */
export async function loadDocument(
  root: string,
  found: FoundDocument,
  maxBytes: number,
): Promise<LoadedDocument | undefined> {
  // Neither a link in the file's place nor a pipe that never ends: O_NONBLOCK keeps the opening of one from waiting.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let handle: FileHandle;
  try {
    handle = await open(found.full, flags);
  } catch (error) {
    const code = codeOf(error);
    // It is gone, or a link now.
    if (code === "ENOENT" || code === "ELOOP" || code === "ENOTDIR") return undefined;
    // A disk that fails, or too many files that are open, say nothing of this one.
    if (code !== "EACCES" && code !== "EPERM") throw unreadable(found, error);
    return { digest: sha256Hex(`${found.name}\n${found.stamp}`), reason: `it cannot be opened (${code})` };
  }
  try {
    if (!(await isWithin(root, found, handle))) return undefined;
    const loaded = await readAll(handle, { expected: found.bytes, maxBytes });
    const after = await lookAtFile(found.full);
    return after?.stamp === found.stamp ? loaded : undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw unreadable(found, error);
  } finally {
    await handle.close();
  }
}

function unreadable({ name }: FoundDocument, error: unknown): AirworthyError {
  if (error instanceof AirworthyError) return error;
  return new AirworthyError("unavailable", `${JSON.stringify(name)} cannot be read (${codeOf(error)}).`, {
    cause: error,
    retryable: true,
    fix: "Look at the disk, or at the share.",
  });
}

function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z_]{1,20}$/.test(code) ? code : "unknown cause";
}

/** A folder on the way may have been replaced by a link since the tree was looked at. */
async function isWithin(root: string, { name, full }: FoundDocument, handle: FileHandle): Promise<boolean> {
  if ((await realpath(full)) !== path.join(root, name)) return false;
  const [opened, there] = await Promise.all([handle.stat(), lookAtFile(full)]);
  return opened.isFile() && there?.stamp.startsWith(`${opened.ino}:`) === true;
}

async function readAll(
  handle: FileHandle,
  { expected, maxBytes }: { readonly expected: number; readonly maxBytes: number },
): Promise<LoadedDocument> {
  // One byte more, so that the end of most files shows with the first read.
  const length = Math.min(chunkBytes, expected + 1);
  const hash = createHash("sha256");
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(length);
    // oxlint-disable-next-line no-await-in-loop -- to the end of the file
    const { bytesRead } = await handle.read(chunk, 0, length);
    if (bytesRead === 0) break;
    const read = chunk.subarray(0, bytesRead);
    hash.update(read);
    total += bytesRead;
    if (total <= maxBytes) chunks.push(read);
    else chunks.length = 0;
  }
  const digest = hash.digest("hex");
  return total > maxBytes
    ? { digest, reason: `it is larger than maxBytes (${maxBytes})` }
    : { digest, bytes: Buffer.concat(chunks) };
}
