/** Checks mailboxes: how their server is reached, which folders are read, and whom their tools would believe. */
import type { ConnectorDocument, MailboxConnector } from "@airworthy/contract";

import type { FindingCode } from "./finding-codes.ts";
import { report, reportTool } from "./link-index.ts";
import type { LinkIndex } from "./link-index.ts";
import type { LoadedDocument } from "./load-documents.ts";
import type { DataPath } from "./place.ts";

type Mailbox = LoadedDocument<ConnectorDocument> & { readonly document: MailboxConnector };

export function linkMailboxes(index: LinkIndex): void {
  for (const source of index.connectors) {
    if (!isMailbox(source)) continue;
    linkWay(index, source);
    linkFolders(index, source);
    linkKeys(index, source);
  }
  for (const linked of index.tools.values()) {
    const { name, trust } = linked.tool;
    if (linked.connector.document.type !== "mailbox" || trust === undefined || trust === "untrusted") continue;
    const message = `${name} reads mails, and calls them ${trust}`;
    reportTool(index, { code: "AW1973", linked, path: ["trust"] }, { message });
  }
}

const isMailbox = (one: LoadedDocument<ConnectorDocument>): one is Mailbox => one.document.type === "mailbox";

function linkWay(index: LinkIndex, source: Mailbox): void {
  const { mailbox, proxy, tls } = source.document;
  const isPlain = mailbox.kind === "maildir" || mailbox.security === "none";
  const where = mailbox.kind === "maildir" ? "a maildir is a folder of this machine" : "security is none";
  if (tls !== undefined && isPlain) say(index, source, { code: "AW1951", path: ["tls"], message: where });
  if (mailbox.kind === "maildir") {
    if (proxy !== undefined) say(index, source, { code: "AW1951", path: ["proxy"], message: where });
    return;
  }
  const { security = "tls", server } = mailbox;
  if (proxy !== undefined && security !== "tls") {
    say(index, source, { code: "AW1971", path: ["proxy"], message: `security is ${security}` });
  }
  if (security === "none" && !/^(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/i.test(server)) {
    const message = `the password and all mails of ${source.document.name} go over the network in the clear`;
    say(index, source, { code: "AW1970", path: ["mailbox", "security"], message });
  }
}

function linkFolders(index: LinkIndex, source: Mailbox): void {
  const { folders = [], mailbox } = source.document;
  const seen = new Set<string>();
  for (const [position, folder] of folders.entries()) {
    // INBOX alone is the same in any case (RFC 9051, 5.1).
    const name = folder.toUpperCase() === "INBOX" ? "INBOX" : folder;
    const isPath = mailbox.kind === "maildir" && /[/\\]|^\.|\.$|\.\./.test(folder);
    const message = seen.has(name) ? `"${folder}" is listed twice` : `"${folder}" names no Maildir++ folder`;
    if (seen.has(name) || isPath) say(index, source, { code: "AW1972", path: ["folders", position], message });
    seen.add(name);
  }
}

function linkKeys(index: LinkIndex, source: Mailbox): void {
  for (const [position, { key }] of source.document.records.entries()) {
    if (key === undefined || key === "$.digest") continue;
    say(index, source, {
      code: "AW1974",
      path: ["records", position, "key"],
      message: `${key} is its sender's to choose`,
    });
  }
}

function say(
  index: LinkIndex,
  { locator, file }: Mailbox,
  what: { readonly code: FindingCode; readonly path: DataPath; readonly message: string },
): void {
  report(index, { code: what.code, file, place: locator.value(what.path) }, { message: what.message });
}
