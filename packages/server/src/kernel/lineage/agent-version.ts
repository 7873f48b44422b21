/** The fingerprint of an agent: changes whenever its prompt, pinned model, tools, retrieval or anything else of it does. */
import type { AgentDocument, Json } from "@airworthy/contract";

import { canonicalJson, sha256Hex } from "../canonical.ts";

/** Documents of a snapshot never change, and every action asks. */
const known = new WeakMap<AgentDocument, string>();

/** SHA-256 of the document's canonical JSON, as 64 hexadecimal digits. */
export function agentVersion(agent: AgentDocument): string {
  const before = known.get(agent);
  if (before !== undefined) return before;
  const copy: Json = JSON.parse(JSON.stringify(agent));
  const version = sha256Hex(canonicalJson(copy));
  known.set(agent, version);
  return version;
}
