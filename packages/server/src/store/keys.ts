/** API keys in the store: the text is shown once, only its SHA-256 is kept. */
import { createHash, randomBytes } from "node:crypto";

import { AirworthyError, type KeyId } from "@airworthy/contract";

import type { KeyHolder, KeyStore } from "../kernel/control-store.ts";
import { newId } from "../kernel/ids.ts";
import type { Database } from "./database.ts";
import type { LedgerWriter } from "./ledger-writer.ts";

const form = /^awk_([a-z0-9][a-z0-9-]{0,39})_([A-Za-z0-9]{43,64})$/;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export function createKeyStore(db: Database, writer: LedgerWriter): KeyStore {
  return {
    create: async (tenant, { holder, by, expiresInDays }) => {
      const key = `awk_${tenant}_${randomText(48)}`;
      const id = newId("key");
      const expiresAt = expiresInDays === undefined ? null : new Date(Date.now() + expiresInDays * 86_400_000);
      await writer.append(tenant, async (tx) => {
        await tx.query({
          text: `insert into api_keys (tenant, id, hash, kind, name, created_by, expires_at)
                 values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
          values: [tenant, id, hashKey(key), holder.kind, holder.name, by, expiresAt],
        });
        return { drafts: [{ kind: "key_created", body: { key: id, holder, by, expiresAt } }], value: undefined };
      });
      return { id, key, expiresAt };
    },
    find: async (key) => {
      const tenant = form.exec(key)?.[1];
      if (tenant === undefined) return undefined;
      const [row] = await db.query<{ kind: KeyHolder["kind"]; name: string }>({
        name: "key-find",
        text: `select kind, name from api_keys
               where tenant = $1 and hash = $2 and revoked_at is null
                 and (expires_at is null or expires_at > clock_timestamp())`,
        values: [tenant, hashKey(key)],
      });
      return row && { tenant, kind: row.kind, name: row.name };
    },
    revoke: async (tenant, id, by) =>
      writer.append(tenant, async (tx) => {
        const [row] = await tx.query<{ revoked_at: Date }>({
          text: `update api_keys set revoked_at = coalesce(revoked_at, clock_timestamp())
                 where tenant = $1 and id = $2 returning revoked_at`,
          values: [tenant, id],
        });
        if (!row) throw new AirworthyError("not_found", `There is no key ${id}.`);
        return { drafts: [{ kind: "key_revoked", body: { key: id, by } }], value: row.revoked_at };
      }),
    list: async (tenant) => {
      const rows = await db.query<{
        id: KeyId;
        kind: KeyHolder["kind"];
        name: string;
        created_at: Date;
        expires_at: Date | null;
      }>({
        text: `select id, kind, name, created_at, expires_at from api_keys
               where tenant = $1 and revoked_at is null order by created_at`,
        values: [tenant],
      });
      return rows.map((row) => ({
        id: row.id,
        kind: row.kind,
        name: row.name,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
      }));
    },
  };
}

function hashKey(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

/** Random letters and digits without bias: bytes past the last whole multiple of the alphabet are thrown away. */
function randomText(length: number): string {
  const limit = 256 - (256 % alphabet.length);
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < limit && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}
