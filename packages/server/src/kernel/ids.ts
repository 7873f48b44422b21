/** New identifiers: a prefix and a UUIDv7, so that they sort by the time they were made. */
import { randomUUID } from "node:crypto";

import type { IdPrefix } from "@airworthy/contract";

/** `act_` + 32 hex digits. @see RFC 9562 section 5.7. `nowMs` is epoch milliseconds. */
export function newId<P extends IdPrefix>(prefix: P, nowMs: number = Date.now()): `${P}_${string}` {
  // Node draws the random bits of its UUIDs in advance, many at a time; version 7 has its time where version 4 has bits.
  const random = randomUUID().replaceAll("-", "");
  const time = Math.floor(nowMs).toString(16).padStart(12, "0");
  return `${prefix}_${time}7${random.slice(13)}`;
}
