/** The arithmetic of the ledger: how entries are linked, salted and hashed. Used to write and to verify. */
import { hash, randomBytes } from "node:crypto";

import type { ActionId, LedgerKind } from "@airworthy/contract";

import { canonicalJson } from "../kernel/canonical.ts";

/** What is to be written; the chain adds place and hashes. `cited` are keyed digests of the facts it rests on. */
export type Draft = {
  readonly kind: LedgerKind;
  readonly action?: ActionId;
  readonly agent?: string;
  readonly tool?: string;
  readonly entity?: string;
  readonly status?: string;
  readonly cited?: readonly string[];
  readonly body: object;
};

export type Header = {
  readonly tenant: string;
  readonly day: string;
  readonly chain: string;
  readonly seq: number;
  readonly kind: string;
  readonly action: string | null;
  readonly at: string;
  readonly agent: string | null;
  readonly tool: string | null;
  readonly entity: string | null;
  readonly status: string | null;
  readonly cited: readonly string[];
};
export type Entry = Header & {
  readonly bodyHash: Buffer;
  readonly prevHash: Buffer;
  readonly hash: Buffer;
  readonly salt: Buffer;
  readonly body: string;
};
/** Where a chain ends. `seq` 0 and the zero hash: nothing is written yet. */
export type Head = { readonly day: string; readonly chain: string; readonly seq: number; readonly hash: Buffer };

export const zeroHash = Buffer.alloc(32);
const domain = "airworthy-ledger/1";

/** SHA-256 over the domain, the canonical header, the body's hash and the previous entry's hash. */
export function hashHeader(header: Header, bodyHash: Buffer, prevHash: Buffer): Buffer {
  const text = canonicalJson([
    domain,
    header.tenant,
    header.day,
    header.chain,
    header.seq,
    header.kind,
    header.action,
    header.at,
    header.agent,
    header.tool,
    header.entity,
    header.status,
    [...header.cited],
    bodyHash.toString("hex"),
    prevHash.toString("hex"),
  ]);
  return hash("sha256", text, "buffer");
}

/** SHA-256 of salt and body. The salt keeps a short body from being guessed back after its erasure. */
export function hashBody(salt: Buffer, body: string): Buffer {
  return hash("sha256", Buffer.concat([salt, Buffer.from(body)]), "buffer");
}

/** Links drafts onto a chain. The body repeats the header, so that a changed header column can be named exactly. */
export function linkEntries(
  at: { readonly tenant: string; readonly head: Head; readonly now: string },
  drafts: readonly Draft[],
): Entry[] {
  const salts = randomBytes(16 * drafts.length);
  let { seq, hash: prevHash } = at.head;
  return drafts.map((draft, index) => {
    seq += 1;
    const header: Header = {
      tenant: at.tenant,
      day: at.head.day,
      chain: at.head.chain,
      seq,
      kind: draft.kind,
      action: draft.action ?? null,
      at: at.now,
      agent: draft.agent ?? null,
      tool: draft.tool ?? null,
      entity: draft.entity ?? null,
      status: draft.status ?? null,
      cited: draft.cited ?? [],
    };
    const salt = salts.subarray(index * 16, index * 16 + 16);
    const body = JSON.stringify({ header, ...draft.body });
    const bodyHash = hashBody(salt, body);
    const entry = { ...header, salt, body, bodyHash, prevHash, hash: hashHeader(header, bodyHash, prevHash) };
    prevHash = entry.hash;
    return entry;
  });
}
