/** A mail as a record: what its sender wrote, where it was found, and what of it may be believed. */

/** Everything in it is the sender's claim, save `digest`, `attachments[].sha256`, `receivedAt`, `folder` and `authentication`. */
export type Mail = MailContent & {
  /** Where it was when it was first seen. */
  readonly folder: string;
  /** By the server, or the file's time. */
  readonly receivedAt: string;
  /** The date that it says, unless that is missing, unreadable or ahead of `receivedAt`: then `receivedAt`. */
  readonly asOf: string;
  readonly asOfFrom: "date" | "received";
};

/** What stands in the mail itself. Addresses have their domain in lower case and ASCII, so that look-alikes differ. */
export type MailContent = {
  /** Without its angle brackets. A sender may write what it likes here, also what another has used. */
  readonly messageId: string | null;
  /** SHA-256 of the mail as it was sent, in hex. */
  readonly digest: string;
  readonly from: string | null;
  readonly fromName: string | null;
  readonly senderDomain: string | null;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly replyTo: readonly string[];
  readonly subject: string | null;
  /** ISO 8601, or null where it says none with an offset. */
  readonly date: string | null;
  /** The Message-ID with which the conversation began, by References, else In-Reply-To, else its own. */
  readonly thread: string | null;
  readonly text: string;
  readonly textFrom: "plain" | "html" | "none";
  /** The text was longer than is kept. */
  readonly textCut: boolean;
  /** Characters that a person would not have seen, and that were left out: invisible ones, and some of what HTML hides. */
  readonly hidden: number;
  /** Characters that are not in the charset which the mail says. They stand as U+FFFD. */
  readonly replaced: number;
  readonly attachments: readonly MailAttachment[];
  readonly authentication: MailAuthentication;
};

export type MailAttachment = {
  readonly name: string | null;
  readonly type: string;
  readonly bytes: number;
  readonly sha256: string;
};

/** What the trusted mail server found (RFC 8601); null where it says nothing, or where none is trusted. */
export type MailAuthentication = {
  readonly by: string | null;
  readonly spf: string | null;
  readonly dkim: string | null;
  readonly dmarc: string | null;
};

/** A mail that was read, or what was expected of it in the words of a fault: `mail (why it is none)`. */
export type ReadMail = { readonly mail: MailContent } | { readonly why: string };
