/** Reads durations as configuration writes them: `500ms`, `30s`, `5m`, `24h`, `7d`. */
import { AirworthyError } from "@airworthy/contract";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const pattern = /^(\d+)(ms|s|m|h|d)$/;

/**
 * The duration in milliseconds.
 * @throws AirworthyError `invalid_input` when the text is not a duration, or is longer than a number can count exactly.
 */
export function durationMs(text: string): number {
  const [, count, unit] = pattern.exec(text) ?? [];
  const milliseconds = Number(count) * (unitMs[unit ?? ""] ?? Number.NaN);
  if (Number.isSafeInteger(milliseconds)) return milliseconds;
  throw new AirworthyError("invalid_input", `${JSON.stringify(text.slice(0, 40))} is not a duration.`, {
    fix: "Write a whole number and ms, s, m, h or d, such as 30s.",
  });
}
