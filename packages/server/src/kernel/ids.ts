/** New identifiers: a prefix and a UUIDv7, so that they sort by the time they were made. */
import { randomBytes } from "node:crypto";

import type { IdPrefix } from "@airworthy/contract";

/** `act_` + 32 hex digits. @see RFC 9562 section 5.7. `nowMs` is epoch milliseconds. */
export function newId<P extends IdPrefix>(prefix: P, nowMs: number = Date.now()): `${P}_${string}` {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Math.floor(nowMs), 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return `${prefix}_${bytes.toString("hex")}`;
}
