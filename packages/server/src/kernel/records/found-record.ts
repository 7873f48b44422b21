/** A record that a source brought in, as tools answer it and as paths of `yields` read it. */
import type { JsonObject } from "@airworthy/contract";

import type { StoredRecord } from "../source-store.ts";

/**
 * `asOf` is when the record became so. `current` is the latest moment at which it is known to have been so: when everything
 * at the source was last known to be in, else `asOf`.
 */
export function toFoundRecord(stored: StoredRecord, caughtUpAt: number | undefined): JsonObject {
  const { record, key, value, version, asOf, receivedAt, batch } = stored;
  const current = Math.max(asOf ?? 0, caughtUpAt ?? 0);
  return {
    record,
    key,
    value,
    ...(version === undefined ? {} : { version }),
    ...(asOf === undefined ? {} : { asOf: new Date(asOf).toISOString() }),
    ...(current === 0 ? {} : { current: new Date(current).toISOString() }),
    receivedAt: new Date(receivedAt).toISOString(),
    batch,
  };
}
