/** Reads what a trusted mail server found out about a sender (Authentication-Results, RFC 8601), and believes nobody else. */
import type { MailAuthentication } from "./mail.ts";

export const noAuthentication: MailAuthentication = { by: null, spf: null, dkim: null, dmarc: null };

const methods = ["spf", "dkim", "dmarc"] as const;

/**
 * `values` in the order of the mail, the latest hop first: of several by the trusted server the first one counts, for those below it
 * were there when the mail came in. Of several results of one method that differ, `mixed` is said.
 */
export function readAuthentication(values: readonly string[], authservId: string | undefined): MailAuthentication {
  if (authservId === undefined) return noAuthentication;
  const headers = values.map((value) => splitOutsideQuotes(stripComments(value)));
  const own = headers.find(([head = ""]) => serverOf(head) === authservId.toLowerCase());
  if (own === undefined) return noAuthentication;
  const found = readResults(own.slice(1));
  const [spf = null, dkim = null, dmarc = null] = methods.map((method) => sayOutcome(found.get(method)));
  return { by: authservId, spf, dkim, dmarc };
}

/** A version may follow the name. */
const serverOf = (head: string): string => (head.trim().split(/\s+/, 1)[0] ?? "").replaceAll('"', "").toLowerCase();

function readResults(results: readonly string[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const result of results) {
    const [, method, outcome] = /^\s*([a-z0-9-]+)(?:\s*\/\s*\d+)?\s*=\s*([a-z]+)(?=\s|$)/i.exec(result) ?? [];
    if (method === undefined || outcome === undefined) continue;
    const name = method.toLowerCase();
    found.set(name, (found.get(name) ?? new Set()).add(outcome.toLowerCase()));
  }
  return found;
}

function sayOutcome(outcomes: ReadonlySet<string> | undefined): string | null {
  const [first = null, ...others] = outcomes ?? [];
  return others.length === 0 ? first : "mixed";
}

/** Comments nest, and backslashes escape (RFC 5322, 3.2.2). */
function stripComments(text: string): string {
  let bare = "";
  let depth = 0;
  let quoted = false;
  for (const [token] of text.matchAll(/\\[\s\S]?|"|[()]|[^\\"()]+/g)) {
    if (token === '"' && depth === 0) quoted = !quoted;
    if (!quoted && token === "(") depth += 1;
    else if (!quoted && token === ")") depth = Math.max(0, depth - 1);
    else if (depth === 0) bare += token;
  }
  return bare;
}

function splitOutsideQuotes(text: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') quoted = !quoted;
    else if (text[at] === ";" && !quoted) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}
