/** Reads one mail: headers, text and what is attached, within limits, or says why it is none. */
import { createHash } from "node:crypto";
import { domainToASCII } from "node:url";

import PostalMime, { addressParser, type Address, type Email } from "postal-mime";

import { cutText, mailLine, mailText, type MailText } from "./mail-text.ts";
import { type HtmlText, htmlToText } from "./html-to-text.ts";
import type { MailAttachment, MailContent, ReadMail } from "./mail.ts";
import { mailLimits } from "./mail-limits.ts";
import { readAuthentication } from "./read-authentication.ts";

/** Of these a second one would make it a matter of taste what the mail says. RFC 5322, 3.6 allows one of each. */
const single = ["from", "message-id", "date", "subject", "reply-to", "in-reply-to", "references"] as const;

export async function readMail(raw: Uint8Array, authservId: string | undefined): Promise<ReadMail> {
  const why = scan(raw);
  if (why !== undefined) return { why: `mail (${why})` };
  let email: Email;
  try {
    email = await PostalMime.parse(raw, {
      maxNestingDepth: mailLimits.depth,
      maxHeadersSize: mailLimits.headerBytes,
      // A mail within a mail is an attachment: what it says is not said by this sender.
      maxRfc822NestingDepth: 0,
    });
  } catch (error) {
    // The parser's own limits speak in fixed words; of other errors the name must do, for they may quote the mail.
    const isLimit = error instanceof Error && error.message.startsWith("Maximum ");
    return {
      why: `mail (${isLimit ? error.message : `it cannot be parsed: ${error instanceof Error ? error.name : "?"}`})`,
    };
  }
  const fault = judge(email);
  if (fault !== undefined) return { why: `mail (${fault})` };
  const seen = email.html === undefined ? undefined : htmlToText(email.html, mailLimits.text);
  if (seen?.excess !== undefined) return { why: `mail (${seen.excess})` };
  return { mail: toContent(email, { digest: createHash("sha256").update(raw).digest("hex"), authservId, seen }) };
}

/** What would cost the parser more than a mail is worth is refused before it sees it. */
function scan(raw: Uint8Array): string | undefined {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  if (!/^[\x21-\x39\x3B-\x7E]+[ \t]*:/m.test(bytes.subarray(0, 4096).toString("latin1"))) return "it has no headers";
  let [lines, boundaries] = [0, 0];
  for (let at = 0; at !== -1;) {
    const next = bytes.indexOf(10, at);
    lines += 1;
    if (bytes[at] === 45 && bytes[at + 1] === 45) boundaries += 1;
    at = next === -1 ? -1 : next + 1;
  }
  if (lines > mailLimits.lines) return `it has more than ${mailLimits.lines} lines`;
  if (boundaries > mailLimits.boundaries) return `more than ${mailLimits.boundaries} of its lines begin a part`;
  return undefined;
}

function judge(email: Email): string | undefined {
  for (const name of single) {
    if (email.headers.filter(({ key }) => key === name).length > 1) return `it has ${name} twice`;
  }
  if (email.attachments.length > mailLimits.attachments)
    return `it has more than ${mailLimits.attachments} attachments`;
  const crowded = [email.to, email.cc, email.replyTo].some((list) => flat(list).length > mailLimits.addresses);
  if (crowded) return `it names more than ${mailLimits.addresses} addresses in one place`;
  const authors = email.headers.filter(({ key }) => key === "from").flatMap(({ value }) => value);
  const named = authors.flatMap((value) => addressParser(value, { flatten: true }));
  return named.length > 1 ? `it says ${named.length} authors` : undefined;
}

type Beside = {
  readonly digest: string;
  readonly authservId: string | undefined;
  readonly seen: HtmlText | undefined;
};

function toContent(email: Email, { digest, authservId, seen }: Beside): MailContent {
  const headers = (name: string): string[] => email.headers.flatMap(({ key, value }) => (key === name ? [value] : []));
  const author = readAuthor(email);
  const subject = mailLine(email.subject ?? "", 998);
  const [messageId = null] = idsIn(headers("message-id"));
  const [thread = messageId] = idsIn([...headers("references"), ...headers("in-reply-to")]);
  const { body, shown } = readBody(email.text, seen);
  const attachments = email.attachments.map(toAttachment);
  const clean = [author.name, subject, shown, ...attachments.map(({ name }) => name)];
  return {
    messageId,
    digest,
    from: author.address,
    fromName: author.name.text || null,
    senderDomain: author.address?.split("@").at(-1) ?? null,
    to: addressesOf(email.to),
    cc: addressesOf(email.cc),
    replyTo: addressesOf(email.replyTo),
    subject: subject.text || null,
    date: readDate(headers("date")[0]),
    thread,
    ...body,
    hidden: sum(clean.map(({ hidden }) => hidden)),
    replaced: sum(clean.map(({ replaced }) => replaced)),
    attachments: attachments.map(({ name, ...rest }) => ({ name: name.text || null, ...rest })),
    authentication: readAuthentication(resultsOf(email), authservId),
  };
}

/**
 * A blank before the colon is syntax of old (RFC 5322, 4.5.8), which a server that removes what comes in under its name may pass
 * over: no server writes it, so it is not believed.
 */
function resultsOf({ headerLines }: Email): string[] {
  const name = /^authentication-results:/i;
  return headerLines.flatMap(({ line }) => (name.test(line) ? [line.replace(name, "")] : []));
}

function readAuthor(email: Email): { readonly name: MailText; readonly address: string | null } {
  const [author] = flat(email.from === undefined ? [] : [email.from]);
  const address = author === undefined ? undefined : readAddress(author.address);
  return { name: mailLine(author?.name ?? "", 200), address: address ?? null };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** Groups are taken apart. */
function flat(addresses: readonly Address[] | undefined): { readonly name: string; readonly address: string }[] {
  return (addresses ?? []).flatMap((one) => (one.group === undefined ? [one] : one.group));
}

function addressesOf(addresses: readonly Address[] | undefined): string[] {
  return flat(addresses).flatMap(({ address }) => readAddress(address) ?? []);
}

/** `local@domain`, the domain in lower case and ASCII; undefined for what is no address. */
function readAddress(text: string): string | undefined {
  const at = text.lastIndexOf("@");
  const [local, domain] = [text.slice(0, at), domainToASCII(text.slice(at + 1).toLowerCase())];
  const fits = at > 0 && domain !== "" && text.length <= 320 && /^[^\s@<>"(),:;\p{Cc}\p{Cf}\p{DI}]+$/u.test(local);
  return fits && /^[a-z0-9._-]+$/.test(domain) ? `${local}@${domain}` : undefined;
}

/** `msg-id` of RFC 5322, 3.6.4, as it is met. */
function idsIn(values: readonly string[]): string[] {
  return values.flatMap((value) =>
    [...value.matchAll(/<([^<>\s\p{Cc}\p{Cf}\p{DI}]{1,300})>/gu)].map(([, id = ""]) => id),
  );
}

/** Without an offset nobody knows which moment it names. */
function readDate(value: string | undefined): string | null {
  if (value === undefined || !/(?:[+-]\d{4}|\b[A-Z]{1,3}T?)\s*(?:\([^()]*\)\s*)?$/.test(value.trim())) return null;
  const moment = new Date(value);
  const year = moment.getUTCFullYear();
  return year >= 1970 && year < 10_000 ? moment.toISOString() : null;
}

type Body = Pick<MailContent, "text" | "textFrom" | "textCut">;

/** The plain part where there is one. What the HTML beside it hides is counted all the same. */
function readBody(plain = "", html?: HtmlText): { readonly body: Body; readonly shown: MailText } {
  const seen = html ?? { text: "", hidden: 0, cut: false };
  const isPlain = plain.trim() !== "";
  const clean = mailText(isPlain ? plain : seen.text);
  const text = clean.text.trim();
  const textFrom = isPlain ? "plain" : html === undefined ? "none" : "html";
  const textCut = text.length > mailLimits.text || (!isPlain && seen.cut);
  return {
    body: { text: cutText(text, mailLimits.text), textFrom, textCut },
    shown: { ...clean, hidden: clean.hidden + seen.hidden },
  };
}

type Attached = Omit<MailAttachment, "name"> & { readonly name: MailText };

function toAttachment({ content, filename, mimeType }: Email["attachments"][number]): Attached {
  const bytes = typeof content === "string" ? Buffer.from(content) : new Uint8Array(content);
  return {
    name: mailLine(filename ?? "", 250),
    type: mailLine(mimeType, 100).text,
    bytes: bytes.byteLength,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}
