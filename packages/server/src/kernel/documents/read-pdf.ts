/** Reads the text of a PDF, page by page: no scripts, no fonts or images drawn, nothing fetched. */
import { getDocument } from "unpdf/pdfjs";

import { cleanText, oneLine } from "./clean-text.ts";
import { type Block, Unreadable } from "./document.ts";

export type PdfText = { readonly title: string | undefined; readonly pages: number; readonly blocks: readonly Block[] };

const charsMax = 16_000_000;
const titleMax = 200;
/** Below this a letter cannot be seen: text of such a size is there for machines. In points. */
const seenFrom = 1;

/** @throws Unreadable, with a reason for people; whatever else the library throws for a broken document. */
export async function readPdf(
  bytes: Uint8Array<ArrayBuffer>,
  { maxPages }: { readonly maxPages: number },
): Promise<PdfText> {
  const end = Buffer.from(bytes.subarray(-2048)).toString("latin1");
  if (!end.includes("%%EOF")) throw new Unreadable("it is cut off: the end of the PDF is missing");
  const task = getDocument({
    data: bytes,
    isEvalSupported: false,
    disableFontFace: true,
    useSystemFonts: false,
    useWorkerFetch: false,
    useWasm: false,
    enableXfa: false,
    // Half a text would be taken for the whole.
    stopAtErrors: true,
    verbosity: 0,
  });
  try {
    const document = await task.promise;
    const pages = document.numPages;
    if (pages > maxPages) throw new Unreadable(`it has ${pages} pages, more than ${maxPages}`);
    const blocks: Block[] = [];
    let chars = 0;
    for (let page = 1; page <= pages; page += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one page in memory at a time
      for (const block of await readPage(await document.getPage(page), page)) {
        chars += block.text.length;
        if (chars > charsMax) throw new Unreadable(`it holds more than ${charsMax} characters`);
        blocks.push(block);
      }
    }
    if (blocks.every(({ text }) => text === "")) throw new Unreadable("it has no text: it seems to be a scan");
    return { title: titleIn(await document.getMetadata()), pages, blocks };
  } finally {
    await task.destroy();
  }
}

type Page = Awaited<ReturnType<Awaited<ReturnType<typeof getDocument>["promise"]>["getPage"]>>;

async function readPage(page: Page, number: number): Promise<Block[]> {
  const { items } = await page.getTextContent({ includeMarkedContent: false });
  page.cleanup();
  const lines: Line[] = [];
  let unseen = 0;
  for (const item of items) {
    if (!("str" in item)) continue;
    const blank = item.str.trim() === "";
    if (!blank && !isSeen(item, page.view)) unseen += item.str.replaceAll(/\s/g, "").length;
    else addToLine(lines, { text: item.str, y: Number(item.transform[5]), height: item.height, ends: item.hasEOL });
  }
  const blocks = paragraphsOf(lines).flatMap((paragraph): Block[] => {
    const { text, hidden } = cleanText(paragraph);
    return text.trim() === "" && hidden === 0
      ? []
      : [{ text: text.trim() === "" ? "" : text, headings: [], page: number, hidden }];
  });
  return unseen === 0 ? blocks : [{ text: "", headings: [], page: number, hidden: unseen }, ...blocks];
}

type Drawn = { readonly transform: readonly unknown[]; readonly width: number; readonly height: number };

/** Large enough, and on the page. */
function isSeen({ transform, width, height }: Drawn, [left = 0, bottom = 0, right = 0, top = 0]: number[]): boolean {
  const [x, y] = [Number(transform[4]), Number(transform[5])];
  return height >= seenFrom && x < right && x + width > left && y < top && y + height > bottom;
}

type Line = { text: string; y: number; height: number; ended: boolean };

function addToLine(
  lines: Line[],
  part: { readonly text: string; readonly y: number; readonly height: number; readonly ends: boolean },
): void {
  const last = lines.at(-1);
  if (last === undefined || last.ended) {
    if (part.text.trim() !== "") lines.push({ text: part.text, y: part.y, height: part.height, ended: part.ends });
    return;
  }
  last.text += part.text;
  last.height = Math.max(last.height, part.height);
  last.ended = part.ends;
}

/** A gap of more than about one empty half-line, or a step up to another column, begins a paragraph. */
function paragraphsOf(lines: readonly Line[]): string[] {
  const paragraphs: string[] = [];
  let before: Line | undefined;
  for (const line of lines) {
    const gap = before === undefined ? Infinity : before.y - line.y;
    const isNew = gap < 0 || gap > 1.6 * Math.max(line.height, before?.height ?? 0);
    if (isNew) paragraphs.push(line.text);
    else paragraphs.push(joinLines(paragraphs.pop() ?? "", line.text));
    before = line;
  }
  return paragraphs;
}

/** A hyphen at the end of a line may be the word's own, or the number's: it stays, and what it joins is joined. */
const joinLines = (above: string, below: string): string =>
  /[\p{L}\p{N}]-$/u.test(above) ? above + below.trimStart() : `${above}\n${below}`;

function titleIn({ info }: { readonly info: object }): string | undefined {
  const title: unknown = "Title" in info ? info.Title : undefined;
  const text = typeof title === "string" ? oneLine(cleanText(title).text).slice(0, titleMax) : "";
  return text === "" ? undefined : text;
}
