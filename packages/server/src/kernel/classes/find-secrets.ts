/** Credentials: by the prefixes that issuers give them, and by the names that stand before them. */
import type { Span } from "./span.ts";

const issued: readonly RegExp[] = [
  /\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b/g, // AWS
  /\bgh[pousr]_[A-Za-z0-9]{30,255}/g,
  /\bgithub_pat_[A-Za-z0-9_]{22,255}/g,
  /\bgl(?:pat|ptt|dt|rt|cbt|oas)-[A-Za-z0-9_-]{16,255}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,255}/g,
  /\bhttps:\/\/hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/_-]{20,255}/g,
  /\bAIza[A-Za-z0-9_-]{35}/g,
  /\bya29\.[A-Za-z0-9_-]{20,512}/g,
  /\bGOCSPX-[A-Za-z0-9_-]{20,64}/g,
  /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}/g, // Stripe
  /\bwhsec_[A-Za-z0-9+/=]{20,255}/g,
  /\bsk-[A-Za-z0-9_-]{20,255}/g, // OpenAI, Anthropic
  /\bnpm_[A-Za-z0-9]{36}\b/g,
  /\bpypi-[A-Za-z0-9_-]{40,255}/g,
  /\bdo[opr]_v1_[a-f0-9]{64}\b/g,
  /\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}/g,
  /\bhf_[A-Za-z0-9]{30,64}\b/g,
  /\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b/g,
  /\bSK[a-f0-9]{32}\b/g, // Twilio
  /\bkey-[a-f0-9]{32}\b/g, // Mailgun
  /\bhv[bs]\.[A-Za-z0-9_-]{24,255}/g, // Vault
  /\bawk_[a-z0-9][a-z0-9-]{0,39}_[A-Za-z0-9]{43,64}/g, // ours
  /\beyJ[A-Za-z0-9_-]{10,4096}\.[A-Za-z0-9_-]{10,8192}\.[A-Za-z0-9_-]{0,4096}/g, // JSON Web Token
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s:,-]{0,16384}/g,
];
const hints =
  /AKIA|ASIA|AROA|AIDA|gh[pousr]_|github_pat_|gl[a-z]{2,3}-|xox|hooks\.slack|AIza|ya29|GOCSPX|[rs]k[_-]|whsec_|npm_|pypi-|do[opr]_v1|SG\.|hf_|shp[a-z]{2}_|SK[a-f0-9]{8}|key-|hv[bs]\.|awk_|eyJ|-----BEGIN/;
/** The password in a connection string. */
const inAddress = /:\/\/[^\s/?#@:]{0,128}:([^\s/?#@]{1,256})@/g;
/** `password: hunter2`, `"api_key": "…"`, `Authorization: Bearer …`. */
const afterName =
  /(?:password|passwd|pwd|passphrase|secret|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key|client[-_ ]?secret|auth[-_ ]?token|access[-_ ]?token|refresh[-_ ]?token|authorization|bearer)["']?(?:\s{0,3}[:=]\s{0,3}|\s{1,3}is\s{1,3}|\s)(?:bearer |basic )?["']?([^\s"',;<>]{6,512})/gi;
const names =
  /pass(?:word|wd|phrase)|\bpwd\b|secret|(?:api|access|private|signing)[ _-]?key|(?:auth|access|refresh|bearer)?[ _-]?token|credential/i;

export function findSecrets(text: string, field: string): Span[] {
  const whole = isNamedSecret(text, field) ? [{ class: "secret.key", from: 0, to: text.length }] : [];
  const prefixed = hints.test(text) ? issued.flatMap((shape) => [...text.matchAll(shape)].map(spanOf)) : [];
  const address = text.includes("://") ? [...text.matchAll(inAddress)].flatMap(groupSpan) : [];
  const spoken = /[:=]|\bis\b|bearer/i.test(text)
    ? [...text.matchAll(afterName)].filter((match) => looksRandom(match[1] ?? "")).flatMap(groupSpan)
    : [];
  return [...whole, ...prefixed, ...address, ...spoken];
}

/** What stands alone under a name that says so. */
function isNamedSecret(text: string, field: string): boolean {
  const words = field.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2");
  return names.test(words) && !/\s/.test(text.trim()) && looksRandom(text.trim());
}

const spanOf = (match: RegExpExecArray): Span => ({
  class: "secret.key",
  from: match.index,
  to: match.index + match[0].length,
});

function groupSpan(match: RegExpExecArray): Span[] {
  const value = match[1] ?? "";
  const from = match.index + match[0].lastIndexOf(value);
  return [{ class: "secret.key", from, to: from + value.length }];
}

const entropyMin = 2.5;

/** Of more than one kind of character, and not a word: Shannon's entropy in bits a character, and a digit or a sign in it. */
function looksRandom(value: string): boolean {
  if (value.length < 8 || value.length > 4096 || /^[A-Za-z]+$/.test(value) || /^\d+$/.test(value)) return false;
  const counts = new Map<string, number>();
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1);
  const bits = [...counts.values()].reduce((sum, count) => {
    const share = count / value.length;
    return sum - share * Math.log2(share);
  }, 0);
  return bits >= entropyMin;
}
