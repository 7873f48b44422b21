/** Mails as tests need them: ten thousand that differ, with known rubbish among them, and a maildir to put them into. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { SourceContractDocument } from "@airworthy/contract";

export const mailsContract: SourceContractDocument = {
  apiVersion: "airworthy/v1",
  kind: "SourceContract",
  name: "mails",
  version: 1,
  unlisted: "refuse",
  fields: [
    { name: "messageId", type: "text", nullable: false },
    { name: "digest", type: "text", nullable: false },
    { name: "from", type: "text", nullable: false },
    { name: "fromName", type: "text", nullable: true },
    { name: "senderDomain", type: "text", nullable: false },
    { name: "to", type: "list", nullable: true },
    { name: "cc", type: "list", nullable: true },
    { name: "replyTo", type: "list", nullable: true },
    { name: "subject", type: "text", nullable: true },
    { name: "date", type: "timestamp", nullable: true },
    { name: "receivedAt", type: "timestamp", nullable: false },
    { name: "asOf", type: "timestamp", nullable: false },
    { name: "asOfFrom", type: "text", nullable: false, allowed: ["date", "received"] },
    { name: "thread", type: "text", nullable: true },
    { name: "text", type: "text", nullable: true },
    { name: "textFrom", type: "text", nullable: false, allowed: ["plain", "html", "none"] },
    { name: "textCut", type: "boolean", nullable: false },
    { name: "hidden", type: "integer", nullable: false },
    { name: "replaced", type: "integer", nullable: false, range: { max: 0 } },
    { name: "attachments", type: "list", nullable: true },
    { name: "authentication.by", type: "text", nullable: true },
    { name: "authentication.spf", type: "text", nullable: true },
    { name: "authentication.dkim", type: "text", nullable: true },
    { name: "authentication.dmarc", type: "text", nullable: true },
    { name: "folder", type: "text", nullable: false },
  ],
};

export const mailOf = (head: string, body: string): Buffer =>
  Buffer.from(`${head}\n\n${body}\n`.replaceAll("\n", "\r\n"), "latin1");

/** A different mail for each number: texts, HTML, attachments, other charsets, threads of ten. */
export function numberedMail(at: number): Buffer {
  const date = new Date(Date.UTC(2026, 9, 1) + at * 60_000).toUTCString().replace("GMT", "+0000");
  const root = at - (at % 10);
  const thread = at === root ? "" : `\nReferences: <${root}@mails.example>`;
  const head = `Received: from a by b; ${date}\nFrom: Sender ${at % 97} <sender${at % 97}@mails.example>\nTo: desk@ours.example\nSubject: Mail ${at}\nDate: ${date}\nMessage-ID: <${at}@mails.example>${thread}\nMIME-Version: 1.0`;
  const text = `This is mail ${at}.\n`.repeat(1 + (at % 20));
  if (at % 4 === 1) return mailOf(`${head}\nContent-Type: text/html`, `<p>This is <b>mail</b> ${at}.</p>`);
  if (at % 4 === 2) return mailOf(`${head}\nContent-Type: text/plain; charset=iso-8859-1`, `${text}Gr\u00FC\u00DFe`);
  if (at % 4 === 3) {
    const file = Buffer.alloc(2000 + at, `${at} `)
      .toString("base64")
      .replaceAll(/.{76}/g, "$&\n");
    const part = `Content-Type: application/octet-stream; name="${at}.bin"\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64`;
    const body = `--b${at}\nContent-Type: text/plain\n\n${text}\n--b${at}\n${part}\n\n${file}\n--b${at}--`;
    return mailOf(`${head}\nContent-Type: multipart/mixed; boundary=b${at}`, body);
  }
  return mailOf(head, text);
}

/** Rubbish by number, and by what it is known: the field and the beginning of what was expected. */
export const rubbish: Readonly<Record<number, readonly [mail: Buffer, field: string, expected: string]>> = {
  100: [Buffer.from([0xff, 0xd8, 0xff, 0xe0]), "(message)", "mail (it has no headers)"],
  200: [
    mailOf(`From: a@b.example\nFrom: c@d.example\nMessage-ID: <200@x>`, "x"),
    "(message)",
    "mail (it has from twice)",
  ],
  300: [mailOf("From: a@b.example\nDate: Fri, 20 Nov 2026 10:00:00 +0100", "x"), "messageId", "a value"],
  400: [
    mailOf(
      "From: a@b.example\nMessage-ID: <400@x>\nContent-Type: text/plain; charset=utf-8",
      "\u00FF\u00FE rubbish \u00FF",
    ),
    "replaced",
    "at most 0",
  ],
  500: [
    mailOf(
      `From: a@b.example\nMessage-ID: <500@x>\n${"Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(1)}${Array.from({ length: 60 }, (_, at) => `Content-Type: multipart/mixed; boundary=c${at}\n\n--c${at}`).join("\n")}`,
      "x",
    ),
    "(message)",
    "mail (Maximum MIME nesting depth",
  ],
  600: [mailOf("From: undisclosed:;\nMessage-ID: <600@x>", "x"), "from", "a value"],
  700: [mailOf("From: a@b.example\nMessage-ID: <700@x>", "x".repeat(120_000)), "(message)", "mail (it has 120"],
};

export const mailNumber = (at: number): Buffer => rubbish[at]?.[0] ?? numberedMail(at);

export type TestMaildir = {
  readonly folder: string;
  /** Delivers as a mail server does: written in `tmp`, then moved to `new` under the name that is answered. */
  readonly deliver: (mail: Buffer, options?: { readonly folder?: string; readonly at?: number }) => string;
  readonly pathOf: (part: "new" | "cur" | "tmp", name: string, folder?: string) => string;
  readonly remove: () => void;
};

export function makeMaildir(folders: readonly string[] = []): TestMaildir {
  const folder = mkdtempSync(path.join(tmpdir(), "airworthy-maildir-"));
  const rootOf = (name = ""): string => (name === "" ? folder : path.join(folder, `.${name}`));
  for (const name of ["", ...folders]) {
    for (const part of ["new", "cur", "tmp"]) mkdirSync(path.join(rootOf(name), part), { recursive: true });
  }
  const pathOf = (part: string, name: string, inside = ""): string => path.join(rootOf(inside), part, name);
  let count = 0;
  return {
    folder,
    pathOf,
    deliver: (mail, { folder: inside = "", at = Date.now() } = {}) => {
      count += 1;
      const name = `${Math.floor(at / 1000)}.M${count}P1.host`;
      writeFileSync(pathOf("tmp", name, inside), mail);
      utimesSync(pathOf("tmp", name, inside), at / 1000, at / 1000);
      renameSync(pathOf("tmp", name, inside), pathOf("new", name, inside));
      return name;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
