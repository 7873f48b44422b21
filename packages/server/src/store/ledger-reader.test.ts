/** Verification over HTTP: one at a time for each tenant, and a ruined ledger costs no more memory than a good one. */
import { expect, it } from "vitest";

import type { NoteVerifier } from "../kernel/signed-note.ts";
import type { Database, Statement } from "./database.ts";
import { createLedgerReader } from "./ledger-reader.ts";
import type { StoredEntry } from "./verify-entry.ts";

const nobody = { name: "nobody" } as NoteVerifier;

function readerOver(entries: readonly StoredEntry[]) {
  const pages: string[] = [];
  const query = async <R>({ name, values }: Statement): Promise<R[]> => {
    await Promise.resolve();
    if (name !== "verify-page") return [];
    pages.push(String(values?.[0]));
    return entries as R[];
  };
  return { reader: createLedgerReader({ query } as unknown as Database, nobody), pages };
}

it("is shared by those who ask while one is under way, each tenant its own", async () => {
  const { reader, pages } = readerOver([]);
  const found = await Promise.all([reader.verify("a"), reader.verify("b"), reader.verify("a")]);
  expect(pages.toSorted()).toEqual(["a", "b"]);
  expect(found[2]).toBe(found[0]);
  expect(found[0]).toMatchObject({ ok: true, faultCount: 0, faults: [] });
  await reader.verify("a");
  expect(pages).toHaveLength(3);
});

it("names the first hundred faults and counts the rest", async () => {
  const zero = Buffer.alloc(32);
  const place = { day: "2026-01-01", chain: "c", at: "2026-01-01T00:00:00.000Z" };
  const hashes = { body_hash: zero, prev_hash: zero, hash: zero, salt: null, body: null };
  const nothing = { kind: "finished", action: null, agent: null, tool: null, entity: null, status: null, cited: [] };
  const entries = Array.from({ length: 150 }, (_, index) => ({
    ...place,
    ...hashes,
    ...nothing,
    seq: index + 1,
  }));
  const { ok, faults, faultCount } = await readerOver(entries).reader.verify("a");
  expect(ok).toBe(false);
  expect(faults).toHaveLength(100);
  // Each entry has a body that is missing and a hash that fits nothing, and the chain has no head.
  expect(faultCount).toBe(2 * 150 + 1);
});
