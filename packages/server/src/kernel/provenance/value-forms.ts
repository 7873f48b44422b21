/** The forms in which one value may be written: two values are the same when they share a form. */

export type Scalar = string | number | boolean | null;

/** Longer texts are compared as texts only. */
const shortMax = 128;
/** Longer ones are not compared at all: no argument worth tracing is a book. */
const comparedMax = 65_536;
const currencies = /[€$£¥]|\b(?:eur|usd|gbp|chf|jpy)\b/g;
const months = "january february march april may june july august september october november december".split(" ");

/** Case, spacing and Unicode's compatibility forms do not count. */
export function foldText(text: string): string {
  return text.normalize("NFKC").toLowerCase().replaceAll(/\s+/g, " ").trim();
}

/** Words alone, one space between them: what is left when punctuation does not count. */
export function foldWords(text: string): string {
  return foldText(text)
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

/** First the plainest. A boolean or null has none: it would equal half of everything. */
export function formsOf(value: Scalar): string[] {
  if (typeof value === "number") return numberForms(value);
  if (typeof value !== "string" || value.length > comparedMax) return [];
  const text = foldText(value);
  if (text === "") return [];
  if (text.length > shortMax) return [`t:${text}`];
  return [
    ...new Set([
      `t:${text}`,
      ...readNumbers(text).map((number) => numberForm(number)),
      ...readDates(text).map((date) => `d:${date}`),
      ...compactForms(text),
      ...addressForms(text),
    ]),
  ];
}

function numberForms(value: number): string[] {
  const form = numberForm(value);
  return Number.isSafeInteger(value) && value >= 1e7 ? [form, `c:${value}`] : [form];
}

/** To a millionth: what differs less is the same amount written twice. */
const numberForm = (value: number): string => `n:${Number(value.toFixed(6)) + 0}`;

/** What a whole text may mean as a number: 1,100.00 and 1.100,00 and € 1100 are one; `1,100` is two. */
export function readNumbers(text: string): number[] {
  const bare = text.replaceAll(currencies, "").replaceAll(/[\s'_%]/g, "");
  if (!/^[+-]?\d[\d.,]*$/.test(bare) || bare.length > 24) return [];
  const point = bare.replaceAll(",", "");
  const comma = bare.replaceAll(".", "").replace(",", ".");
  const texts = [/^[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$/.test(bare) ? point : undefined];
  if (/^[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?$/.test(bare)) texts.push(comma);
  const numbers = texts.flatMap((one) => (one === undefined ? [] : [Number(one)]));
  return [...new Set(numbers.filter((number) => Number.isFinite(number)))];
}

/** The numbers that stand in a text, up to a number of them. */
export function numbersIn(text: string, max: number): number[] {
  const numbers = new Set<number>();
  for (const [found] of text.matchAll(/\d[\d.,]*/g)) {
    if (numbers.size >= max) break;
    for (const number of readNumbers(found.replace(/[.,]+$/, ""))) numbers.add(number);
  }
  return [...numbers];
}

/** What a whole text may mean as a day, as YYYY-MM-DD: 04/05/2022 is two days. */
function readDates(text: string): string[] {
  const iso = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[t ]\d\d:\d\d.*)?$/.exec(text);
  if (iso) return dates([iso[1], iso[2], iso[3]]);
  const numeric = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/.exec(text);
  if (numeric) return dates([numeric[3], numeric[2], numeric[1]], [numeric[3], numeric[1], numeric[2]]);
  const dayFirst = /^(\d{1,2})(?:st|nd|rd|th)?\.? ([a-z]{3,9})\.?,? (\d{4})$/.exec(text);
  if (dayFirst) return dates([dayFirst[3], monthOf(dayFirst[2]), dayFirst[1]]);
  const monthFirst = /^([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})$/.exec(text);
  return monthFirst ? dates([monthFirst[3], monthOf(monthFirst[1]), monthFirst[2]]) : [];
}

function monthOf(name = ""): string | undefined {
  const at = months.findIndex((month) => month === name || (name.length >= 3 && month.startsWith(name)));
  return at < 0 ? undefined : String(at + 1);
}

function dates(...parts: (string | undefined)[][]): string[] {
  const found = parts.flatMap(([year, month, day]) => {
    if (year === undefined || month === undefined || day === undefined) return [];
    if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > 31) return [];
    return [`${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`];
  });
  return [...new Set(found)];
}

const dateInText =
  /\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{1,2}(?:st|nd|rd|th)?\.? [a-z]{3,9}\.?,? \d{4}|[a-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}/g;

/** The days that a folded text names, up to a number of them. */
export function datesIn(folded: string, max: number): string[] {
  return [...folded.matchAll(dateInText)].slice(0, max).flatMap(([found]) => readDates(found));
}

/** Account, card and telephone numbers are written with and without spaces and dashes. */
function compactForms(text: string): string[] {
  if (!/^[a-z0-9+(][a-z0-9 .\-/()]*$/.test(text)) return [];
  const bare = text.replaceAll(/[^a-z0-9]/g, "");
  return bare.length >= 8 && bare.replaceAll(/\D/g, "").length >= 4 ? [`c:${bare}`] : [];
}

/** A web address with and without scheme, `www.` and closing slash. */
function addressForms(text: string): string[] {
  const match = /^(?:https?:\/\/)?(?:www\.)?((?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?:[/?#]\S*)?)$/.exec(text);
  return match?.[1] === undefined ? [] : [`u:${match[1].replace(/\/$/, "")}`];
}

/** Too little to prove anything by itself: half of all results hold a 4 or a "no". */
export function isFaint(value: Scalar): boolean {
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 100;
  if (typeof value !== "string") return true;
  const text = foldText(value);
  return text.length <= 2 || /^\d{1,2}(?:[.,]0+)?$/.test(text);
}

/** `transactionId`, `transaction_id` and `id` are names of the same sort. */
export function sortOf(key: string): string {
  const words = key.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").split(/[^A-Za-z0-9]+/);
  return (words.findLast((word) => word !== "") ?? "").toLowerCase().slice(0, 40);
}
