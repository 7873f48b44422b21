/** Whatever bytes come as a mail: it is read or refused, soon, and what is read can be shown and stored. */
import fc from "fast-check";
import { expect, test } from "vitest";

import type { ReadMail } from "./mail.ts";
import { readMail } from "./read-mail.ts";

const pieces = [
  "From: Ada <ada@example.com>",
  "From: =?utf-8?B?AP//?= <a@b.example>",
  "Subject: =?iso-8859-1?Q?=00=01=FF?=",
  "Message-ID: <1@example.com>",
  "References: <a@b> <<>> <c@d>",
  "Date: Fri, 20 Nov 2026 10:00:00 +0100",
  "Authentication-Results: mx.example (a(b\\)c); spf=pass; dkim=",
  "Content-Type: multipart/mixed; boundary=b",
  "Content-Type: multipart/alternative; boundary*0=b; boundary*1=c",
  "Content-Type: text/html; charset=utf-7",
  "Content-Type: text/plain; charset=iso-2022-jp; format=flowed",
  "Content-Type: message/rfc822",
  "Content-Disposition: attachment; filename*=utf-16''%00%FF",
  "Content-Transfer-Encoding: base64",
  "Content-Transfer-Encoding: quoted-printable",
  "--b",
  "--bc",
  "--b--",
  "",
  "=00=E2=80=AE=",
  "AAAA////\u00FF\u00FE==",
  '<div style="display:none"><b></p><a href="javascript:1">x<!-- <![if !x]>',
  "<table><tr><td hidden>&#0;&#xD800;&#x202E;&nbsp;",
  "\u001B$B\u0000\u00FF",
];
const line = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...pieces) },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
);
const mail = fc
  .tuple(fc.array(line, { maxLength: 40 }), fc.constantFrom("\r\n", "\n", "\r"))
  .map(([lines, end]) => Buffer.from(lines.join(end), "latin1"));
// oxlint-disable-next-line no-control-regex -- they are what must not be there
const unseen = /[\u0000-\u0008\u000B-\u001F\u007F\u200B\u202A-\u202E\u{E0000}-\u{E007F}]|\p{Surrogate}/u;

/** What is wrong with it, in words; empty when all is well. */
function faultsOf(read: ReadMail): string[] {
  if ("why" in read) return /^mail \(.+\)$/s.test(read.why) ? [] : [`why: ${read.why}`];
  const { text, subject, fromName, attachments, messageId, thread, from, hidden, replaced } = read.mail;
  const names = attachments.flatMap(({ name, type }) => [name, type]);
  const shown = [text, subject, fromName, messageId, thread, from, ...names].filter((one) => one !== null);
  const isStored = JSON.stringify(JSON.parse(JSON.stringify(read.mail))) === JSON.stringify(read.mail);
  return [
    ...shown.filter((one) => unseen.test(one)),
    ...(hidden >= 0 && replaced >= 0 ? [] : ["counts below nought"]),
    ...(isStored ? [] : ["is no JSON"]),
  ];
}

test("no bytes break the reader, or come through it unseen", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(mail, fc.uint8Array({ maxLength: 2000 })), async (raw) => {
      expect(faultsOf(await readMail(raw, "mx.example"))).toEqual([]);
    }),
    { numRuns: 1500 },
  );
}, 120_000);
