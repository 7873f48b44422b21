/** What of a found mail is handed on. */
import { createHash } from "node:crypto";

import type { MailboxConnector } from "@airworthy/contract";
import { expect, it } from "vitest";

import type { Delivery, SourceRun } from "../source-driver.ts";
import { createMailParts } from "./mail-parts.ts";

it("a mail has one digest, whether it could be read or not: met again, it is the same message", async () => {
  const delivered: Delivery[] = [];
  const intake = { deliver: async (delivery: Delivery) => void delivered.push(delivery) };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as much of a run as it needs
  const run = { connector: {}, intake, signal: new AbortController().signal } as unknown as SourceRun<MailboxConnector>;
  const parts = createMailParts(run);
  const raws = ["no mail", "From: a@b.example\r\n\r\nx"].map((text) => Buffer.from(text));
  const found = raws.map((raw) => ({ folder: "INBOX", receivedAt: 0, bytes: raw.byteLength, raw }));
  await parts.bring(found, { origin: "test", lag: 0 });
  await parts.close();
  const digests = raws.map((raw) => createHash("sha256").update(raw).digest("hex"));
  expect(delivered[0]?.messages).toMatchObject([
    { digest: digests[0], why: "mail (it has no headers)" },
    { digest: digests[1], payload: {} },
  ]);
});
