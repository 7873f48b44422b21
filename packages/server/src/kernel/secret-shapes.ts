/** Recognises texts that are credentials by their shape, so that one written into a document is noticed. */

const shapes: readonly RegExp[] = [
  /\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or)?[-_]?[A-Za-z0-9_-]{16,}/,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/,
  /\bglpat-[A-Za-z0-9_-]{16,}/,
  /\bxox[abeprs]-[A-Za-z0-9-]{10,}/,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bAIza[A-Za-z0-9_-]{30,}/,
  /\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s/?#$@]*:[^\s/?#$@]+@/i,
  /[?&](?:api[-_]?key|access[-_]?token|token|secret|password)=[^&\s${]+/i,
];

/** The part of the text that looks like a secret, or undefined. Never put it into a message. */
export function findSecret(text: string): string | undefined {
  for (const shape of shapes) {
    const [match] = shape.exec(text) ?? [];
    if (match !== undefined) return match;
  }
  return undefined;
}
