/** The word that every indexed passage of one source has: the index of words parts tenants and sources by it. */
import { sha256Hex } from "../kernel/canonical.ts";
import type { SourceAt } from "../kernel/source-store.ts";

/** No text has it: it begins with a control character, which no word does. */
export function scopeWord({ tenant, connector }: SourceAt): string {
  return `\u0001${sha256Hex(JSON.stringify([tenant, connector])).slice(0, 24)}`;
}
