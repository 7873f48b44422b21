/** Writes the number by which a workbook holds a day or a moment as ISO 8601. */

/** What the cell's format shows: a day, a day with its time, or a time alone. */
export type MomentForm = "date" | "timestamp" | "time";

const dayMs = 86_400_000;
const epoch1900Ms = Date.UTC(1899, 11, 31);
const epoch1904Ms = Date.UTC(1904, 0, 1);
const lastDay = 2_958_465;
/** The 29th of February 1900, that never was, but is counted (ECMA-376 part 1, 18.17.4.1). */
const dayThatNeverWas = 60;

/**
 * A moment has no offset: a workbook knows none. A day with a time, though its format hides it, is written with its time. Undefined
 * for a number that is no day.
 */
export function momentOf(
  serial: number,
  { form, is1904 }: { readonly form: MomentForm; readonly is1904: boolean },
): string | undefined {
  const ms = Math.round(serial * dayMs);
  if (!(ms >= 0)) return undefined;
  if (form === "time") return timeOf(ms);
  const day = Math.floor(ms / dayMs);
  if (day > lastDay || (!is1904 && (day === 0 || day === dayThatNeverWas))) return undefined;
  const skipped = !is1904 && day > dayThatNeverWas ? dayMs : 0;
  const iso = new Date((is1904 ? epoch1904Ms : epoch1900Ms) + ms - skipped).toISOString();
  if (form === "date" && ms % dayMs === 0) return iso.slice(0, 10);
  return iso.slice(0, -1).replace(/\.000$/, "");
}

/** Hours go on beyond a day: what is shown is how long, not when. */
function timeOf(ms: number): string {
  const [seconds, rest] = [Math.floor(ms / 1000), ms % 1000];
  const two = (value: number): string => String(value).padStart(2, "0");
  const text = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  return rest === 0 ? text : `${text}.${String(rest).padStart(3, "0")}`;
}
