/** IP addresses, of version 4 and 6; version numbers and times of day are none. */
import { isIPv4, isIPv6 } from "node:net";

import type { Span } from "./span.ts";

const four = /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)/g;
/** Loosely: what may be one is then looked at by the library. */
const six = /(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{1,40}(?:(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])/g;
/** "version 1.2.3.4" names a release. */
const release = /(?:\bv|version|release|build)[\s:=]{0,3}$/i;

export function findIps(text: string): Span[] {
  const fours = text.includes(".") ? [...text.matchAll(four)].filter((match) => isIPv4(match[0])) : [];
  const sixes = text.includes(":") ? [...text.matchAll(six)].filter((match) => isAddress(match[0])) : [];
  return [...fours, ...sixes].flatMap((match) => {
    if (release.test(text.slice(Math.max(0, match.index - 12), match.index))) return [];
    return [{ class: "net.ip", from: match.index, to: match.index + match[0].length }];
  });
}

/** `::` alone stands in too many texts of other kinds, and 12:30 is a time. */
const isAddress = (text: string): boolean => text.length > 3 && /[0-9A-Fa-f]/.test(text) && isIPv6(text);
