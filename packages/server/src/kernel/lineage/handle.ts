/** Handles: the short digests under which lineage is found again, whatever it is looked for by. */
import { hash } from "node:crypto";

/** What an action can be found by. `wrote` takes the keyed digest of fact and key, never the key. */
export type HandleKind =
  | "cites"
  | "wrote"
  | "agent"
  | "agent-version"
  | "model"
  | "prompt"
  | "tool"
  | "tool-version"
  | "policy"
  | "policy-version"
  | "run";

/**
 * A signed 64-bit number as text: the first eight bytes of SHA-256 over tenant, kind and name. That two of 20 million
 * names share one has a chance of about 1 in 10^5; citations and writes are compared by their own names afterwards.
 */
export function handleOf(tenant: string, kind: HandleKind, name: string): string {
  return hash("sha256", `${tenant}\u0000${kind}\u0000${name}`, "buffer").readBigInt64BE(0).toString();
}
