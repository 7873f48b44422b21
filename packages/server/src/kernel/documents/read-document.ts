/** Reads the bytes of one document to passages. It may take long or die of what it is given: run it in a process of its own. */
import { cleanText, oneLine } from "./clean-text.ts";
import { type Block, type DocumentJob, type DocumentRefusal, type ReadDocument, Unreadable } from "./document.ts";
import { readMarkdown } from "./read-markdown.ts";
import { readPdf } from "./read-pdf.ts";
import { readText } from "./read-text.ts";
import { splitPassages } from "./split-passages.ts";

type Read = { readonly title: string | undefined; readonly pages?: number; readonly blocks: readonly Block[] };

export async function readDocument(job: DocumentJob): Promise<ReadDocument | DocumentRefusal> {
  try {
    const { title, pages, blocks } = await readBlocks(job);
    const passages = splitPassages(blocks, job.passageLength);
    if (passages.length === 0) return { kind: "refused", reason: "it holds no text" };
    const hidden = blocks.reduce((sum, block) => sum + block.hidden, 0);
    const named = title ?? oneLine(cleanText(job.name).text);
    return { kind: "read", title: named, ...(pages === undefined ? {} : { pages }), hidden, passages };
  } catch (error) {
    return { kind: "refused", reason: describe(error) };
  }
}

async function readBlocks({ format, bytes, encoding, maxPages }: DocumentJob): Promise<Read> {
  if (format === "pdf") return readPdf(new Uint8Array(bytes), { maxPages });
  const text = decode(bytes, encoding);
  return format === "markdown" ? readMarkdown(text) : readText(text);
}

function decode(bytes: Uint8Array, encoding: DocumentJob["encoding"]): string {
  const [first, second] = bytes;
  const marked =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : undefined;
  // In text of one byte a character, a zero is not text.
  if (marked === undefined && bytes.includes(0)) throw new Unreadable("it is not text: it holds zero bytes");
  try {
    return new TextDecoder(marked ?? encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new Unreadable(`it is not ${(marked ?? encoding).toUpperCase()}`);
  }
}

/** The library's messages may quote the document. */
function describe(error: unknown): string {
  if (error instanceof Unreadable) return error.message;
  const name = error instanceof Error ? error.name : "";
  if (name === "PasswordException") return "it is encrypted";
  if (error instanceof RangeError) return "it needs more memory than a document may have";
  return /^[A-Za-z]{1,60}$/.test(name) ? `it cannot be read (${name})` : "it cannot be read";
}
