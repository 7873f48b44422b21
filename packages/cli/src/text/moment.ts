/** Times, ages and money as people read them. */

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

/** A length of time in its two largest units, such as `11 min 5 s`; `0 s` for less than a second. */
export function spanText(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < 1000) return whole === 0 ? "0 s" : `${Math.round(whole)} ms`;
  const first = units.findIndex(([, size]) => whole >= size);
  const [name, size] = units[first] ?? ["s", 1000];
  const count = Math.floor(whole / size);
  const next = units[first + 1];
  const rest = next === undefined ? 0 : Math.floor((whole - count * size) / next[1]);
  return next === undefined || rest === 0 || count >= 10 ? `${count} ${name}` : `${count} ${name} ${rest} ${next[0]}`;
}

/** `3 min ago`, `in 2 h`, `now`. Unreadable times are given back as they are. */
export function relativeText(iso: string, now: number): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return iso;
  const ms = now - at;
  if (Math.abs(ms) < 1000) return "now";
  return ms > 0 ? `${spanText(ms)} ago` : `in ${spanText(-ms)}`;
}

/** `2026-01-02 03:04:05 UTC`, to the second. */
export const clockText = (iso: string): string => iso.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");

/** Minor units with their currency, such as `1,240.00 USD`; a currency without cents, such as JPY, is shown so. */
export function moneyText(amount: { readonly minor: number; readonly currency: string }): string {
  const digits = fractionDigits(amount.currency);
  const value = amount.minor / 10 ** digits;
  const text = value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${text} ${amount.currency}`;
}

function fractionDigits(currency: string): number {
  try {
    const format = new Intl.NumberFormat("en-US", { style: "currency", currency });
    return format.resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/** The largest unit alone, for narrow columns: `3 min`. */
export function ageText(iso: string, now: number): string {
  const ms = now - Date.parse(iso);
  if (Number.isNaN(ms)) return iso;
  const [name, size] = units.find(([, each]) => ms >= each) ?? ["s", 1000];
  return `${Math.max(0, Math.floor(ms / size))} ${name}`;
}
