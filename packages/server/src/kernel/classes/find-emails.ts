/** E-mail addresses, found by their at sign, which may be percent-encoded. */
import type { Span } from "./span.ts";

const atSign = /@|%40/g;
const localMax = 64;
const domainMax = 253;
const localPart = /[\p{L}\p{N}._%+'-]/u;
const domainPart = /[\p{L}\p{N}.-]/u;
const edge = /[\p{L}\p{N}]/u;

export function findEmails(text: string): Span[] {
  return [...text.matchAll(atSign)].flatMap((match) => {
    const from = startOfLocal(text, match.index);
    const to = endOfDomain(text, match.index + match[0].length);
    return from < match.index && to !== undefined ? [{ class: "pii.email", from, to }] : [];
  });
}

function startOfLocal(text: string, sign: number): number {
  let from = sign;
  while (from > 0 && sign - from < localMax && localPart.test(text[from - 1] ?? "")) from -= 1;
  // An address begins with a letter or a digit; a quote or a dash before it is not part of it.
  while (from < sign && !edge.test(text[from] ?? "")) from += 1;
  return from;
}

/** Labels with dots between them, the last of at least two letters; what follows it as a full stop is not part of it. */
function endOfDomain(text: string, from: number): number | undefined {
  let to = from;
  while (to < text.length && to - from < domainMax && domainPart.test(text[to] ?? "")) to += 1;
  while (to > from && !edge.test(text[to - 1] ?? "")) to -= 1;
  const domain = text.slice(from, to);
  const isDomain = /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}(?:\p{L}{2,24}|xn--[a-z0-9-]{2,59})$/u;
  return isDomain.test(domain) ? to : undefined;
}
