/** Turns a tool's SQL with :names into one prepared statement, and refuses what would leave its transaction. */
import { AirworthyError } from "@airworthy/contract";

import { sqlDialects } from "./sql-dialects.ts";
import type { SqlDialectRules } from "./sql-dialects.ts";

/** `names[n]` is the argument that the placeholder number n + 1 stands for. */
export type SqlStatement = { readonly text: string; readonly names: readonly string[] };

/**
 * Parses a statement once.
 * @throws AirworthyError `invalid_input` for more than one statement, a placeholder of its own, an unfinished comment
 * or dollar quotation, or a first word that is not a query (for reads) or a change of data (for writes).
 */
export function parseSqlStatement(
  sql: string,
  effect: "read" | "write",
  dialect: keyof typeof sqlDialects = "postgresql",
): SqlStatement {
  const rules = sqlDialects[dialect];
  const names: string[] = [];
  const scan: Scan = { sql, rules, effect, at: 0, text: "", first: undefined };
  for (;;) {
    rules.token.lastIndex = scan.at;
    const match = rules.token.exec(sql);
    if (match === null) break;
    scan.text += sql.slice(scan.at, match.index);
    scan.at = match.index + match[0].length;
    scan.text += take(match, scan, names);
  }
  scan.text += sql.slice(scan.at);
  checkFirstWord(scan, effect);
  return { text: scan.text.trim(), names };
}

type Scan = {
  readonly sql: string;
  readonly rules: SqlDialectRules;
  readonly effect: "read" | "write";
  at: number;
  text: string;
  first: string | undefined;
};

function take(match: RegExpExecArray, scan: Scan, names: string[]): string {
  const { comment, dollar, placeholder, name, end, word } = match.groups ?? {};
  if (comment !== undefined) return skipComment(scan);
  if (dollar !== undefined) return skipDollarQuote(scan, dollar);
  if (placeholder !== undefined) {
    throw badSql(scan, `A ${scan.rules.placeholder(0)} of its own cannot be filled`, "Use :name parameters.");
  }
  if (end !== undefined) return takeEnd(scan);
  if (word !== undefined) takeWord(scan, word.toLowerCase());
  return name === undefined ? match[0] : fill(scan, name, names);
}

/** A repeated :name becomes one parameter where placeholders have numbers. */
function fill({ rules }: Scan, name: string, names: string[]): string {
  const known = rules.numbered ? names.indexOf(name) : -1;
  return rules.placeholder(known === -1 ? names.push(name) - 1 : known);
}

function takeWord(scan: Scan, word: string): void {
  scan.first ??= word;
  const { neverInReads } = scan.rules;
  if (scan.effect === "read" && neverInReads.includes(word)) {
    throw badSql(scan, `A read cannot say ${word.toUpperCase()}`, "Answer with rows.");
  }
}

/** Left out of the text: they say nothing to the server, unless it is MySQL and they begin with a sign. */
function skipComment(scan: Scan): string {
  const { rules, sql } = scan;
  const from = scan.at;
  if (!rules.commentsNest && /^(?:!|M!|\+)/.test(sql.slice(from, from + 2))) {
    throw badSql(scan, "A comment that the server executes cannot be reviewed as one", "Write its content as SQL.");
  }
  const edge = rules.commentsNest ? /\/\*|\*\//g : /\*\//g;
  edge.lastIndex = scan.at;
  for (let depth = 1; depth > 0;) {
    const match = edge.exec(sql);
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
  const rest = scan.sql.slice(scan.at).replaceAll(scan.rules.comments, "");
  if (/^[\s;]*$/.test(rest)) {
    scan.at = scan.sql.length;
    return "";
  }
  throw badSql(scan, "There is more than one statement", "Give one statement only.");
}

function checkFirstWord(scan: Scan, effect: "read" | "write"): void {
  const allowed = scan.rules[effect];
  if (scan.first !== undefined && allowed.includes(scan.first)) return;
  throw badSql(scan, `A ${effect} cannot begin with this word`, `Begin with ${allowed.join(", ")}.`);
}

function badSql(scan: Scan, message: string, fix: string): AirworthyError {
  const line = scan.sql.slice(0, scan.at).split("\n").length;
  return new AirworthyError("invalid_input", `${message}.`, { place: `sql, line ${line}`, fix });
}
