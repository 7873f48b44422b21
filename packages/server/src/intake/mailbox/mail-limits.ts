/** How large and how deep a mail may be before it is no mail to us. */

export const mailLimits = {
  /** Where the connector says nothing. */
  bytes: 10 * 1024 * 1024,
  /** Of all headers, those of parts included. */
  headerBytes: 256 * 1024,
  lines: 1_000_000,
  /** Multiparts within multiparts. */
  depth: 20,
  /** Lines that begin as a boundary of parts does: each may open a part. */
  boundaries: 10_000,
  attachments: 100,
  /** In To, Cc and Reply-To each. */
  addresses: 500,
  /** Tags of the HTML that open something, and how many of them within each other. */
  tags: 200_000,
  tagDepth: 1000,
  /** Characters of the text that are kept. */
  text: 200_000,
  /** Milliseconds of one thread for one mail. */
  readMs: 30_000,
  /** Of the heap of that thread. */
  heapMb: 384,
} as const;
