/** Turns a tool's SQL with :names into one prepared statement, and refuses what would leave its transaction. */
import { AirworthyError } from "@airworthy/contract";

/** `names[n]` is the argument that `$n+1` stands for. */
export type SqlStatement = { readonly text: string; readonly names: readonly string[] };

const reads = ["select", "with", "values", "table"];
const writes = [...reads, "insert", "update", "delete", "merge", "call"];

/** One of these at a time: what SQL treats as opaque, a parameter, a cast, or a sign that must not occur. */
const token = new RegExp(
  [
    /(?<opaque>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*)/,
    /(?<comment>\/\*)/,
    /(?<dollar>\$(?:[A-Za-z_]\w*)?\$)/,
    /(?<number>\$\d+)/,
    /(?<cast>::|:=)/,
    /:(?<name>[A-Za-z_]\w*)/,
    /(?<end>;)/,
    // Words are taken whole, so that the e of `type'x'` does not begin an escape string and a$1 stays an identifier.
    /(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)/,
  ]
    .map((part) => part.source)
    .join("|"),
  "gsu",
);

/**
 * Parses a statement once. A repeated :name becomes one parameter.
 * @throws AirworthyError `invalid_input` for more than one statement, a `$1` of its own, an unfinished comment
 * or dollar quotation, or a first word that is not a query (for reads) or a change of data (for writes).
 */
export function parseSqlStatement(sql: string, effect: "read" | "write"): SqlStatement {
  const names: string[] = [];
  const scan: Scan = { sql, at: 0, text: "", first: undefined };
  for (;;) {
    token.lastIndex = scan.at;
    const match = token.exec(sql);
    if (match === null) break;
    scan.text += sql.slice(scan.at, match.index);
    scan.at = match.index + match[0].length;
    scan.text += take(match, scan, names);
  }
  scan.text += sql.slice(scan.at);
  checkFirstWord(scan, effect);
  return { text: scan.text.trim(), names };
}

type Scan = { readonly sql: string; at: number; text: string; first: string | undefined };

function take(match: RegExpExecArray, scan: Scan, names: string[]): string {
  const { comment, dollar, number, name, end, word } = match.groups ?? {};
  if (comment !== undefined) return skipComment(scan);
  if (dollar !== undefined) return skipDollarQuote(scan, dollar);
  if (number !== undefined) throw badSql(scan, "A $1 of its own cannot be filled", "Use :name parameters.");
  if (end !== undefined) return takeEnd(scan);
  if (word !== undefined) scan.first ??= word.toLowerCase();
  if (name === undefined) return match[0];
  const known = names.indexOf(name);
  return `$${known === -1 ? names.push(name) : known + 1}`;
}

/** PostgreSQL's comments nest, unlike those of the standard. Left out of the text: they say nothing to the server. */
function skipComment(scan: Scan): string {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = scan.at;
  for (let depth = 1; depth > 0;) {
    const match = edge.exec(scan.sql);
    if (match === null) throw badSql(scan, "A comment does not end", "Close it with */.");
    depth += match[0] === "/*" ? 1 : -1;
    scan.at = edge.lastIndex;
  }
  return " ";
}

function skipDollarQuote(scan: Scan, quote: string): string {
  const from = scan.at - quote.length;
  const end = scan.sql.indexOf(quote, scan.at);
  if (end === -1) throw badSql(scan, `A ${quote} quotation does not end`, "Close it.");
  scan.at = end + quote.length;
  return scan.sql.slice(from, scan.at);
}

function takeEnd(scan: Scan): string {
  const rest = scan.sql.slice(scan.at).replaceAll(/--[^\n]*|\/\*.*?\*\//gs, "");
  if (/^[\s;]*$/.test(rest)) {
    scan.at = scan.sql.length;
    return "";
  }
  throw badSql(scan, "There is more than one statement", "Give one statement only.");
}

function checkFirstWord(scan: Scan, effect: "read" | "write"): void {
  const allowed = effect === "read" ? reads : writes;
  if (scan.first !== undefined && allowed.includes(scan.first)) return;
  throw badSql(scan, `A ${effect} cannot begin with this word`, `Begin with ${allowed.join(", ")}.`);
}

function badSql(scan: Scan, message: string, fix: string): AirworthyError {
  const line = scan.sql.slice(0, scan.at).split("\n").length;
  return new AirworthyError("invalid_input", `${message}.`, { place: `sql, line ${line}`, fix });
}
