/** Data classes in the store: digests of the values that carry one, and tokens with their values sealed. */
import { createHmac, hkdfSync } from "node:crypto";

import type { Json } from "@airworthy/contract";

import { canonicalJson } from "../kernel/canonical.ts";
import type { ClassStore, TokenMeaning } from "../kernel/classes/class-store.ts";
import { writeToken } from "../kernel/classes/data-token.ts";
import type { Database, Queryable } from "./database.ts";
import { readTenantKey } from "./tenant-key.ts";
import { createValueCipher, type ValueCipher } from "./value-cipher.ts";

type TokenRow = {
  readonly token: string;
  readonly class: string;
  readonly sealed: Buffer | null;
  readonly erasedAt: number | null;
};
type Keys = { readonly cipher: ValueCipher; readonly formKey: Buffer; readonly tokenKey: Buffer };

/** What was written so lately need not be written again: so many, and for so long, for a note that grows old is forgotten. */
const rememberedMax = 100_000;
const rememberedMs = 12 * 3_600_000;
/** How old the note of a value may grow before it is renewed; it is forgotten after `keptDays`. */
const renewAfter = "interval '1 day'";

export function createClassStore(db: Database): ClassStore {
  const keysOf = createKeys(db);
  const remembered = new Set<string>();
  let rememberedSince = performance.now();
  return {
    carried: async (tenant, forms) => {
      const { formKey } = await keysOf(tenant);
      const digests = new Map(forms.map((form) => [digestOf(formKey, form).toString("hex"), form]));
      if (digests.size === 0) return new Map();
      const rows = await db.query<{ digest: Buffer; class: string }>({
        name: "classes-carried",
        text: "select digest, class from classed_values where tenant = $1 and digest = any($2::bytea[])",
        values: [tenant, [...digests.keys()].map((digest) => Buffer.from(digest, "hex"))],
      });
      const found = new Map<string, string[]>();
      for (const row of rows) {
        const form = digests.get(row.digest.toString("hex")) ?? "";
        found.set(form, [...(found.get(form) ?? []), row.class]);
      }
      return found;
    },
    remember: async (tenant, values) => {
      const { formKey } = await keysOf(tenant);
      const rows = new Map(
        values.map(({ form, class: name }) => {
          const digest = digestOf(formKey, form);
          return [JSON.stringify([tenant, digest.toString("hex"), name]), { digest, name }] as const;
        }),
      );
      if (performance.now() - rememberedSince > rememberedMs) {
        remembered.clear();
        rememberedSince = performance.now();
      }
      for (const key of rows.keys()) if (remembered.has(key)) rows.delete(key);
      if (rows.size === 0) return;
      await insertValues(db, tenant, [...rows.values()]);
      if (remembered.size + rows.size > rememberedMax) remembered.clear();
      for (const key of rows.keys()) remembered.add(key);
    },
    tokenise: async (tenant, values) => {
      if (values.length === 0) return [];
      const { tokenKey, cipher } = await keysOf(tenant);
      const made = values.map(({ class: name, value }) => {
        const digest = createHmac("sha256", tokenKey)
          .update(canonicalJson([name, value]))
          .digest();
        return { token: writeToken(name, digest), name, value };
      });
      const different = new Map(made.map((one) => [one.token, one]));
      await insertTokens(db, tenant, { cipher, tokens: [...different.values()] });
      return made.map((one) => one.token);
    },
    reveal: async (tenant, tokens) => {
      const { cipher } = await keysOf(tenant);
      const rows = await db.query<TokenRow>({
        name: "tokens-reveal",
        text: `select token, class, sealed, extract(epoch from erased_at)::float8 * 1000 as "erasedAt"
               from class_tokens where tenant = $1 and token = any($2)`,
        values: [tenant, tokens],
      });
      return new Map(
        rows.flatMap((row): [string, TokenMeaning][] => {
          if (row.sealed === null) return [[row.token, { class: row.class, erasedAt: row.erasedAt ?? 0 }]];
          const value = cipher.open(row.sealed, placeOf(tenant, row.token));
          return value === undefined ? [] : [[row.token, { class: row.class, value }]];
        }),
      );
    },
  };
}

const placeOf = (tenant: string, token: string): string => JSON.stringify(["token", tenant, token]);
const digestOf = (key: Buffer, form: string): Buffer => createHmac("sha256", key).update(form).digest().subarray(0, 16);

/** @see RFC 5869: each use has a key of its own. */
function createKeys(db: Database): (tenant: string) => Promise<Keys> {
  const kept = new Map<string, Promise<Keys>>();
  const read = async (tenant: string): Promise<Keys> => {
    const tenantKey = await readTenantKey(db, tenant);
    const derive = (use: string): Buffer => Buffer.from(hkdfSync("sha256", tenantKey, "airworthy", use, 32));
    return {
      cipher: createValueCipher(derive("class token values")),
      formKey: derive("classed values"),
      tokenKey: derive("class tokens"),
    };
  };
  return (tenant) => {
    const known = kept.get(tenant) ?? read(tenant);
    kept.set(tenant, known);
    // A failure is not remembered: the next caller asks again.
    known.catch(() => kept.delete(tenant));
    return known;
  };
}

async function insertValues(
  db: Queryable,
  tenant: string,
  rows: readonly { readonly digest: Buffer; readonly name: string }[],
): Promise<void> {
  // In one order, so that two answers that hold the same values do not wait for each other in a circle.
  const sorted = rows.toSorted((one, other) => one.digest.compare(other.digest));
  await db.query({
    name: "classes-remember",
    text: `insert into classed_values (tenant, digest, class)
           select $1, digest, class from unnest($2::bytea[], $3::text[]) as r(digest, class)
           on conflict (tenant, digest, class) do update set seen_at = clock_timestamp()
           where classed_values.seen_at < clock_timestamp() - ${renewAfter}`,
    values: [tenant, sorted.map((row) => row.digest), sorted.map((row) => row.name)],
  });
}

type Tokens = {
  readonly cipher: ValueCipher;
  readonly tokens: readonly { readonly token: string; readonly name: string; readonly value: Json }[];
};

async function insertTokens(db: Queryable, tenant: string, { cipher, tokens }: Tokens): Promise<void> {
  const sorted = tokens.toSorted((one, other) => (one.token < other.token ? -1 : 1));
  await db.query({
    name: "tokens-insert",
    // A value that was erased and that its source still says is data anew.
    text: `insert into class_tokens (tenant, token, class, sealed)
           select $1, token, class, sealed from unnest($2::text[], $3::text[], $4::bytea[]) as r(token, class, sealed)
           on conflict (tenant, token) do update set sealed = excluded.sealed, erased_at = null, erased_by = null
           where class_tokens.erased_at is not null`,
    values: [
      tenant,
      sorted.map((one) => one.token),
      sorted.map((one) => one.name),
      sorted.map((one) => cipher.seal(one.value, placeOf(tenant, one.token))),
    ],
  });
}

/** After this many days without being seen, a value no longer carries its class. */
const keptDays = 90;
const forgottenAtOnce = 5000;

export async function forgetClassedValues(db: Queryable, tenant: string, signal?: AbortSignal): Promise<void> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- so that each statement is short and holds few locks
    const [row] = await db.query<{ count: number }>({
      text: `with old as (
               select digest, class from classed_values
               where tenant = $1 and seen_at < clock_timestamp() - interval '${keptDays} days'
               order by seen_at limit ${forgottenAtOnce}),
             gone as (delete from classed_values v using old
                      where v.tenant = $1 and v.digest = old.digest and v.class = old.class returning 1)
             select count(*)::int as count from gone`,
      values: [tenant],
    });
    if ((row?.count ?? 0) < forgottenAtOnce || signal?.aborted === true) return;
  }
}
