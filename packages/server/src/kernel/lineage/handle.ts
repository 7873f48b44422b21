/** Handles: the short digests under which lineage is found again, whatever it is looked for by. */
import { hash } from "node:crypto";

/** What an action can be found by. `saw` and `wrote` take the keyed digest of fact and key, never the key itself. */
export type HandleKind =
  | "cites"
  | "saw"
  | "wrote"
  | "fact"
  | "batch"
  | "document"
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
 * A signed 64-bit number as text: the first eight bytes of SHA-256 over tenant, kind and name. Two names may share one
 * (about one pair in 10^5 of 20 million), so whatever is found by it is compared with the name itself afterwards.
 */
export function handleOf(tenant: string, kind: HandleKind, name: string): string {
  return hash("sha256", `${tenant}\u0000${kind}\u0000${name}`, "buffer").readBigInt64BE(0).toString();
}
