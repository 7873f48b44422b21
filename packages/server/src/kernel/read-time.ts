/** Reads the moment that a source states. */
import type { Json } from "@airworthy/contract";

const isoTime = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)$/i;
/** Epoch numbers below this are seconds (until the year 5138), above it milliseconds (from 1973). */
const secondsBelow = 1e11;

/** Epoch ms, or undefined. A time without an offset is refused: it would mean something else on every machine. */
export function readTime(stated: Json): number | undefined {
  if (typeof stated === "number") {
    if (!(stated > 0)) return undefined;
    return Math.floor(stated < secondsBelow ? stated * 1000 : stated);
  }
  const match = typeof stated === "string" ? isoTime.exec(stated) : null;
  if (match === null) return undefined;
  const [, year, month, day, time, offset] = match;
  // The engine would read 30 February as 1 March.
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (date.getUTCMonth() !== Number(month) - 1) return undefined;
  const at = Date.parse(`${year}-${month}-${day}T${time}${offset?.toUpperCase()}`);
  return Number.isNaN(at) ? undefined : at;
}
