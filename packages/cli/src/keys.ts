/** Makes a key for an agent or a person and hands it out once. */
import type { Call } from "./call.ts";

export type KeyOptions = { readonly expiresDays?: number };

/** stdout carries the key and nothing else, so that it can go straight into a file. */
export async function createKey(call: Call<KeyOptions>, kind: "agent" | "person"): Promise<undefined> {
  const name = call.args[0] ?? "";
  const client = await call.client();
  const made = await client.createKey({
    for: { kind, name },
    ...(call.options.expiresDays === undefined ? {} : { expiresInDays: call.options.expiresDays }),
  });
  call.print("key", made, () => `${made.key}\n`);
  const until = made.expiresAt === undefined ? "until it is revoked" : `until ${made.expiresAt}`;
  call.note(`${made.id}: valid ${until}. It is shown this once; the server keeps only a hash.`);
  return undefined;
}
