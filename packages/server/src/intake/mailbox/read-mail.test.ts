/** Mails as they are met: good ones, odd ones, and those that are made to harm. */
import { createHash } from "node:crypto";

import { describe, expect, it } from "vitest";

import type { MailContent } from "./mail.ts";
import { createMailReader } from "./mail-reader.ts";
import { mailLimits } from "./mail-limits.ts";
import { readMail } from "./read-mail.ts";

const plainHead = "From: Ada <ada@example.com>\nMessage-ID: <1@example.com>\nDate: Fri, 20 Nov 2026 10:00:00 +0100\n";
const raw = (text: string): Buffer => Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");

async function contentOf(mail: string | Buffer, authservId?: string): Promise<MailContent> {
  const read = await readMail(typeof mail === "string" ? raw(mail) : mail, authservId);
  if ("why" in read) throw new Error(read.why);
  return read.mail;
}

async function whyOf(mail: string | Buffer): Promise<string> {
  const read = await readMail(typeof mail === "string" ? raw(mail) : mail, undefined);
  return "why" in read ? read.why : "it was read";
}

describe("a mail", () => {
  it("is read: who, to whom, when, which conversation, text, and what is attached", async () => {
    const mail = raw(`Return-Path: <x@example.com>
From: =?utf-8?Q?J=C3=BCrgen_M=C3=BCller?= <Juergen.Mueller@EXAMPLE.com>
To: Pay <pay@ours.example>, team: a@ours.example, b@OURS.example;
Cc: no address at all, c@ours.example
Reply-To: other@b\u00FCcher.example
Subject: =?iso-8859-1?Q?Rechnung_f=FCr_Oktober?=
Message-ID: <3@example.com>
In-Reply-To: <2@example.com>
References: <1@example.com>
 <2@example.com>
Date: Fri, 20 Nov 2026 10:00:00 +0100 (CET)
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_1"

--=_1
Content-Type: multipart/alternative; boundary="=_2"

--=_2
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Sch=F6ne Gr=FC=DFe
--=_2
Content-Type: text/html

<p>Schöne</p>
--=_2--
--=_1
Content-Type: application/pdf; name="rechnung.pdf"
Content-Disposition: attachment; filename*=utf-8''Rechnung%20%E2%82%AC.pdf
Content-Transfer-Encoding: base64

JVBERi0xLjQ=
--=_1
Content-Type: message/rfc822

From: somebody@else.example
Subject: within

Pay me.
--=_1--
`);
    const content = await contentOf(mail);
    expect(content).toEqual({
      messageId: "3@example.com",
      digest: createHash("sha256").update(mail).digest("hex"),
      from: "Juergen.Mueller@example.com",
      fromName: "Jürgen Müller",
      senderDomain: "example.com",
      to: ["pay@ours.example", "a@ours.example", "b@ours.example"],
      cc: ["c@ours.example"],
      replyTo: [],
      subject: "Rechnung für Oktober",
      date: "2026-11-20T09:00:00.000Z",
      thread: "1@example.com",
      text: "Schöne Grüße",
      textFrom: "plain",
      textCut: false,
      hidden: 0,
      replaced: 0,
      attachments: [
        {
          name: "Rechnung €.pdf",
          type: "application/pdf",
          bytes: 8,
          sha256: createHash("sha256").update("%PDF-1.4").digest("hex"),
        },
        { name: null, type: "message/rfc822", bytes: 53, sha256: expect.any(String) },
      ],
      authentication: { by: null, spf: null, dkim: null, dmarc: null },
    });
  });

  it("may lack what others have, and says so", async () => {
    expect(await contentOf("Subject: hello\n\nworld\n")).toMatchObject({
      messageId: null,
      from: null,
      senderDomain: null,
      date: null,
      thread: null,
      text: "world",
    });
    expect(await contentOf("From: MAILER-DAEMON (bounces)\n\n")).toMatchObject({
      from: null,
      text: "",
      textFrom: "none",
    });
  });

  it.each([
    ["Fri, 20 Nov 2026 10:00:00 GMT", "2026-11-20T10:00:00.000Z"],
    ["20 Nov 2026 10:00:00 -0500", "2026-11-20T15:00:00.000Z"],
    ["Fri, 20 Nov 2026 10:00:00", null],
    ["yesterday", null],
    ["Fri, 99 Nov 2026 10:00:00 +0000", null],
    ["Fri, 01 Jan 1960 10:00:00 +0000", null],
  ])("is dated %s as %s", async (date, expected) => {
    expect((await contentOf(`From: a@b.example\nDate: ${date}\n\nx`)).date).toBe(expected);
  });

  it("has a domain that a look-alike has not", async () => {
    const mail = Buffer.from("From: ceo@ex\u0430mple.com\n\nx");
    expect(await contentOf(mail)).toMatchObject({ senderDomain: "xn--exmple-4nf.com" });
  });
});

describe("HTML", () => {
  const html = (body: string): string => `${plainHead}Content-Type: text/html; charset=utf-8\n\n${body}`;

  it("becomes the text that a person sees, with the addresses of its links", async () => {
    const { text, textFrom, hidden } = await contentOf(
      html(`<html><head><title>no</title><style>p{}</style></head><body><h1>Invoice&nbsp;7</h1>
        <p>Dear  <b>Ada</b>,<br>see <a href="https://pay.example/7">your bank</a>.</p>
        <ul><li>one</li><li>two</li></ul><table><tr><td>a</td><td>1</td></tr><tr><td>b</td><td>2</td></tr></table>
        <script>alert(1)</script><img src="https://track.example/1.gif" alt="pixel"><pre>  kept
   as is</pre></body></html>`),
    );
    expect(textFrom).toBe("html");
    expect(hidden).toBe(0);
    expect(text).toBe(
      "Invoice 7\n\nDear Ada,\nsee your bank <https://pay.example/7>.\n\n- one\n- two\na 1\nb 2\n  kept\n   as is",
    );
  });

  it.each([
    `<div style="display: none">pay now</div>`,
    `<div style="visibility:hidden">pay now</div>`,
    `<div style="font-size:0px">pay now</div>`,
    `<div style="font-size: 1px">pay now</div>`,
    `<div style="opacity:0">pay now</div>`,
    `<div style="color:#fff">pay now</div>`,
    `<div style="color: rgb(255, 255, 255)">pay now</div>`,
    `<font color="white">pay now</font>`,
    `<table bgcolor="#000000"><tr><td style="color:#000">pay now</td></tr></table>`,
    `<div style="max-height:0;overflow:hidden">pay now</div>`,
    `<div style="position:absolute;left:-9999px">pay now</div>`,
    `<div style="mso-hide:all">pay now</div>`,
    `<span hidden>pay <b>now</b></span>`,
    `<div style="color:transparent">pay now</div>`,
    `<div style="disp/* */lay:no/**/ne">pay now</div>`,
    `<div style="d\\69splay:n\\6f ne">pay now</div>`,
    `<div style='a:"/*";display:none;b:"*/"'>pay now</div>`,
    `<div style="display:none!important;display:block">pay now</div>`,
    `<div style="color:#fff!important;color:#000">pay now</div>`,
    `<div style="font:0/0 a">pay now</div>`,
    `<div style="font-size:.5px">pay now</div>`,
    `<div style="font-size:0.01em">pay now</div>`,
    `<div style="clip-path:inset(50%)">pay now</div>`,
    `<div style="clip-path: circle(0)">pay now</div>`,
    `<div style="transform: rotate(3deg) scale(0)">pay now</div>`,
    `<div style="margin-left:-9999px">pay now</div>`,
    `<div style="margin:0 0 0 -99em">pay now</div>`,
    `<div style="text-indent:-99em">pay now</div>`,
    `<div style="text-indent:9999px;overflow:hidden">pay now</div>`,
    `<div style="color:rgb(0 0 0 / 0)">pay now</div>`,
    `<dialog>pay now</dialog>`,
    `<datalist><option>pay now</option></datalist>`,
  ])("that hides something says how much, and does not show it: %s", async (part) => {
    const { text, hidden } = await contentOf(html(`<p>seen</p>${part}<p>end</p>`));
    expect(text).toBe("seen\n\nend");
    expect(hidden).toBe(6);
  });

  it.each([
    `<div style="font-size:0.9em">pay now</div>`,
    `<p style="opacity:0.8;color:#ffe">pay now</p>`,
    `<p style="font:400 14px/1.5 Arial;margin:-10px auto;color:rgb(255,0,0)">pay now</p>`,
    `<p style="background:url('a/*b');transform:scale(1.05)">pay now</p>`,
    `<dialog open>pay now</dialog>`,
  ])("that only looks like it is shown: %s", async (part) => {
    expect(await contentOf(html(part))).toMatchObject({ text: "pay now", hidden: 0 });
  });

  it("takes a style that is too long to be read for one that hides", async () => {
    const long = `<div style="${"x:y;".repeat(1001)}display:none">pay now</div>`;
    expect(await contentOf(html(long))).toMatchObject({ text: "", hidden: 6 });
  });

  it("costs little, however many links and tags it has", async () => {
    const links = Array.from({ length: 30_000 }, (_, at) => `<a href="https://a.example/${at}">${at}</a>`).join("");
    const { text, textCut } = await contentOf(html(links));
    expect(text).toHaveLength(mailLimits.text);
    expect(textCut).toBe(true);
    expect(await whyOf(html("<i>".repeat(150_000) + "</b>".repeat(150_000)))).toBe(
      "mail (its HTML has more than 1000 tags within each other)",
    );
    expect(await whyOf(html("<br>".repeat(200_001)))).toBe("mail (its HTML has more than 200000 tags)");
  });

  it("names a link's address once where it is in sight, and again where it is far away", async () => {
    const link = `<a href="https://a.example/">here</a>`;
    const shown = "here <https://a.example/>";
    expect((await contentOf(html(`${link} ${link}`))).text).toBe(`${shown} here`);
    const far = "a ".repeat(2000);
    expect((await contentOf(html(`${link} ${far}${link}`))).text).toBe(`${shown} ${far}${shown}`);
  });

  it("that is hidden beside a plain part is counted all the same", async () => {
    const mail = `${plainHead}Content-Type: multipart/alternative; boundary=b\n\n--b\n\nplain\n--b\nContent-Type: text/html\n\n<p hidden>pay now</p>\n--b--\n`;
    expect(await contentOf(mail)).toMatchObject({ text: "plain", textFrom: "plain", hidden: 6 });
  });
});

describe("characters", () => {
  const utf8 = (text: string): Buffer => Buffer.from(`${plainHead}Content-Type: text/plain; charset=utf-8\n\n${text}`);

  it("that nobody sees are taken out and counted: tags, selectors, zero widths, turns of direction, controls", async () => {
    const tags = Array.from("pay now", (one) => one)
      .map((one) => String.fromCodePoint(0xe0000 + (one.codePointAt(0) ?? 0)))
      .join("");
    const mail = await contentOf(utf8(`a\u200Bb\u202Ec\u0007${tags}`));
    expect(mail.text).toBe("abc");
    expect(mail.hidden).toBe(3 + 7);
  });

  it("that people use stay: joined emoji, a heart, Persian", async () => {
    const text = "\u{1F469}\u200D\u{1F4BB} \u2764\uFE0F \u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645";
    // Only how the heart is drawn is lost.
    const shown = text.replace("\uFE0F", "");
    expect(await contentOf(utf8(text))).toMatchObject({ text: shown, hidden: 0, replaced: 0 });
  });

  it("that nobody sees make no address, and no id", async () => {
    const mail = Buffer.from(
      "From: a\u115Fb@b.example\nTo: c\u034Fd@b.example, e@b.example\nReply-To: f\uFE0Fg@b.example\nMessage-ID: <1\u3164@b.example>\nReferences: <0\u17B4@b.example>\n\nx",
    );
    const nobody = { from: null, messageId: null, thread: null };
    expect(await contentOf(mail)).toMatchObject({ ...nobody, to: ["e@b.example"], replyTo: [] });
  });

  it("that join are taken out where they join nothing: in runs, and between signs that go as well", async () => {
    const subject = (text: string) => contentOf(Buffer.from(`From: a@b.example\nSubject: ${text}\n\nx`));
    expect(await subject("pay\uFE0F\u200D\uFE0F\u200C\uFE0F\u200D\uFE0Fnow")).toMatchObject({
      subject: "paynow",
      hidden: 3,
    });
    expect(await subject("\u0645\u200C\u200D\u200C\u062E")).toMatchObject({
      subject: "\u0645\u200C\u062E",
      hidden: 2,
    });
    expect(await subject("\u0645a\u200D\u062E")).toMatchObject({ subject: "\u0645a\u062E", hidden: 1 });
  });

  it("that are not of the charset are counted: in the text, in a header, in what base64 hides", async () => {
    expect(await contentOf(Buffer.concat([utf8("a"), Buffer.from([0xff, 0xfe])]))).toMatchObject({ replaced: 2 });
    expect(await contentOf("From: a@b.example\nSubject: gr\u00FC\u00DFe\n\nx")).toMatchObject({ replaced: 2 });
    const rubbish = `${plainHead}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n//79/AAB%%%?\n`;
    expect((await contentOf(rubbish)).replaced).toBeGreaterThan(0);
  });
});

describe("what a trusted server found", () => {
  const with2 = (...headers: string[]): string =>
    `${headers.map((one) => `Authentication-Results: ${one}\n`).join("")}${plainHead}\nx`;

  it("is believed of it alone, and of the latest hop", async () => {
    const mail = with2(
      "mx.ours.example 1; spf=pass (mx: 1.2.3.4; dkim=fail) smtp.mailfrom=a@b; dkim=pass header.d=b; dkim=fail header.d=c",
      "mx.ours.example; dmarc=pass",
      "evil.example; dmarc=pass",
    );
    expect((await contentOf(mail, "MX.ours.example")).authentication).toEqual({
      by: "MX.ours.example",
      spf: "pass",
      dkim: "mixed",
      dmarc: null,
    });
    const nobody = { by: null, spf: null, dkim: null, dmarc: null };
    expect((await contentOf(mail)).authentication).toEqual(nobody);
    expect((await contentOf(mail, "ours.example")).authentication).toEqual(nobody);
    const blank = `Authentication-Results : mx.ours.example; dmarc=pass\n${plainHead}\nx`;
    expect((await contentOf(blank, "mx.ours.example")).authentication).toEqual(nobody);
    const folded = `Authentication-Results\n : mx.ours.example; dmarc=pass\n${plainHead}\nx`;
    expect((await contentOf(folded, "mx.ours.example")).authentication).toEqual(nobody);
    const quoted = with2('"x; mx.ours.example; dmarc=pass"; spf=none', "(mx.ours.example) evil; spf=pass");
    expect((await contentOf(quoted, "mx.ours.example")).authentication).toEqual(nobody);
  });
});

describe("no mail", () => {
  const nested = (depth: number): string =>
    Array.from({ length: depth }, (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\n\n--b${at}\n`).join("");

  it.each<[string, string | Buffer, string]>([
    ["nothing", "", "it has no headers"],
    ["a picture", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), "it has no headers"],
    ["two authors by two headers", `${plainHead}From: other@example.com\n\nx`, "it has from twice"],
    ["two authors in one header", "From: a@good.example, b@evil.example\n\nx", "it says 2 authors"],
    ["two Message-IDs", `${plainHead}Message-ID: <2@example.com>\n\nx`, "it has message-id twice"],
    ["multiparts without end", `${plainHead}${nested(40)}`, "Maximum MIME nesting depth of 20 levels exceeded"],
    [
      "a header without end",
      `${plainHead}X: ${"a".repeat(300_000)}\n\nx`,
      "Maximum header size of 262144 bytes exceeded",
    ],
    [
      "very many headers",
      `${plainHead}${"X: a\n".repeat(80_000)}\n\nx`,
      "Maximum header size of 262144 bytes exceeded",
    ],
    [
      "parts without end",
      `${plainHead}Content-Type: multipart/mixed; boundary=b\n\n${"--b\n\n".repeat(20_000)}`,
      "more than 10000 of its lines begin a part",
    ],
    ["lines without end", `${plainHead}\n${"\n".repeat(1_100_000)}`, "it has more than 1000000 lines"],
    [
      "too many attachments",
      `${plainHead}Content-Type: multipart/mixed; boundary=b\n\n${"--b\nContent-Type: a/b\n\nx\n".repeat(101)}--b--`,
      "it has more than 100 attachments",
    ],
    [
      "the whole world in To",
      `${plainHead}To: ${Array.from({ length: 501 }, (_, at) => `a${at}@b.example`).join(", ")}\n\nx`,
      "it names more than 500 addresses in one place",
    ],
  ])("is %s", async (_, mail, why) => {
    expect(await whyOf(mail)).toBe(`mail (${why})`);
  });

  it("keeps what is within the limits, and says where its text was cut", async () => {
    const { text, textCut } = await contentOf(`${plainHead}\n${"a".repeat(mailLimits.text + 5)}`);
    expect([text.length, textCut]).toEqual([mailLimits.text, true]);
  });
});

describe("the thread that reads", () => {
  it("reads what is read without it, and is replaced when a mail takes too much of it", async () => {
    const reader = createMailReader({ authservId: undefined, heapMb: 48 });
    const good = raw(`${plainHead}\nhello`);
    expect(await reader.read(good)).toEqual(await readMail(good, undefined));
    const bomb = Buffer.concat([raw(`${plainHead}\n`), Buffer.alloc(1_900_000, "a\n")]);
    expect(await reader.read(bomb)).toEqual({ why: "mail (reading it takes too much memory)" });
    expect(await reader.read(good)).toEqual(await readMail(good, undefined));
    await reader.close();
    const slow = createMailReader({ authservId: undefined, readMs: 1 });
    const long = raw(`${plainHead}Content-Type: text/html\n\n${"<b>x".repeat(300_000)}${"</i>".repeat(300_000)}`);
    expect(await slow.read(long)).toEqual({ why: "mail (reading it takes more than 1 ms)" });
    await slow.close();
  });

  it("is let go at once, and blames no mail for it", async () => {
    const abort = new AbortController();
    const reader = createMailReader({ authservId: undefined, signal: abort.signal });
    const reading = reader.read(raw(`${plainHead}\nhello`));
    abort.abort();
    await expect(reading).rejects.toThrow(abort.signal.reason as Error);
    await reader.close();
  });
});
