/** Writes small PDFs as a program would: pages of lines, with what is wrong with them if so asked. */
export type PdfOptions = {
  readonly title?: string;
  /** Below it the letters are too small to be seen. Points. */
  readonly size?: number;
  /** By page, where they are not all of one. */
  readonly sizes?: readonly number[];
  /** Objects and trailer entries of a test's own. */
  readonly extra?: readonly string[];
  readonly trailer?: string;
};

/** An empty line begins a paragraph. Latin-1 only. */
export function writePdf(
  pages: readonly (readonly string[])[],
  { title, size = 11, sizes = [], extra = [], trailer = "" }: PdfOptions = {},
): Buffer {
  const bodies = pages.map((lines, page) => streamOf(pageBody(lines, sizes[page] ?? size)));
  return assemble(bodies, { title, extra, trailer });
}

/** One page whose content is given as it is, with its own dictionary entries. */
export function writePdfOf(content: Buffer, entries: string): Buffer {
  return assemble([streamOf(content, entries)], { title: undefined, extra: [], trailer: "" });
}

function pageBody(lines: readonly string[], size: number): Buffer {
  const shown = lines.map((line) => (line === "" ? "T* T*" : `(${line.replaceAll(/[()\\]/g, String.raw`\$&`)}) Tj T*`));
  return Buffer.from(["BT", `/F1 ${size} Tf`, "72 760 Td", "14 TL", ...shown, "ET"].join("\n"), "latin1");
}

const streamOf = (content: Buffer, entries = ""): Buffer =>
  Buffer.concat([
    Buffer.from(`<< /Length ${content.length} ${entries} >>\nstream\n`, "latin1"),
    content,
    Buffer.from("\nendstream", "latin1"),
  ]);

function assemble(
  bodies: readonly Buffer[],
  { title, extra, trailer }: { title: string | undefined; extra: readonly string[]; trailer: string },
): Buffer {
  const objects: Buffer[] = [Buffer.from("<< /Type /Catalog /Pages 2 0 R >>")];
  const first = 5;
  const kids = bodies.map((_, at) => `${first + at * 2 + 1} 0 R`).join(" ");
  objects.push(Buffer.from(`<< /Type /Pages /Kids [${kids}] /Count ${bodies.length} >>`));
  objects.push(Buffer.from("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"));
  objects.push(Buffer.from(title === undefined ? "<< >>" : `<< /Title (${title}) >>`, "latin1"));
  for (const [at, body] of bodies.entries()) {
    objects.push(body);
    const resources = "/Resources << /Font << /F1 3 0 R >> >>";
    objects.push(
      Buffer.from(
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${first + at * 2} 0 R ${resources} >>`,
      ),
    );
  }
  objects.push(...extra.map((one) => Buffer.from(one, "latin1")));
  const parts: Buffer[] = [Buffer.from("%PDF-1.4\n")];
  const offsets: number[] = [];
  let length = parts[0]?.length ?? 0;
  const add = (part: Buffer): void => {
    parts.push(part);
    length += part.length;
  };
  for (const [at, object] of objects.entries()) {
    offsets.push(length);
    add(Buffer.concat([Buffer.from(`${at + 1} 0 obj\n`), object, Buffer.from("\nendobj\n")]));
  }
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const end = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info 4 0 R ${trailer} >>\nstartxref\n${length}\n%%EOF\n`;
  add(Buffer.from(end, "latin1"));
  return Buffer.concat(parts);
}
