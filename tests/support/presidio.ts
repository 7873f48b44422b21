/** Presidio's synthetic sentences with marked personal data, and how well the detectors find what is marked. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { findSpans } from "../../packages/server/src/kernel/classes/find-spans.ts";

type Sentence = {
  readonly full_text: string;
  readonly spans: readonly {
    readonly entity_type: string;
    readonly start_position: number;
    readonly end_position: number;
  }[];
};
/** Of what is marked, `recall` was found whole; of what was found, `precision` touches something that is marked so. */
export type Score = {
  readonly class: string;
  readonly marked: number;
  readonly found: number;
  readonly recall: number;
  readonly precision: number;
};

export const presidioFile = path.resolve(import.meta.dirname, "../../../shared/data/presidio/synth_v2.dev.json");
export const hasPresidio = existsSync(presidioFile);

export function readSentences(): readonly Sentence[] {
  return JSON.parse(readFileSync(presidioFile, "utf8")) as Sentence[];
}

/** The marks of the data set, and our names for them. */
const classOf: Readonly<Record<string, string>> = {
  CREDIT_CARD: "pci.card",
  EMAIL_ADDRESS: "pii.email",
  IBAN_CODE: "bank.iban",
  IP_ADDRESS: "net.ip",
  PHONE_NUMBER: "pii.phone",
  US_SSN: "pii.national_id",
};

export function scoreDetectors(sentences: readonly Sentence[]): Score[] {
  return Object.entries(classOf).map(([mark, name]) => {
    const counts = { marked: 0, hit: 0, found: 0, right: 0 };
    for (const { full_text: text, spans } of sentences) {
      const marked = spans.filter((span) => span.entity_type === mark);
      const found = findSpans(text).filter((span) => span.class === name || span.class.startsWith(`${name}.`));
      counts.marked += marked.length;
      counts.found += found.length;
      counts.hit += marked.filter((one) =>
        found.some((span) => span.from <= one.start_position && span.to >= one.end_position),
      ).length;
      counts.right += found.filter((span) =>
        marked.some((one) => span.from < one.end_position && one.start_position < span.to),
      ).length;
    }
    const { marked, hit, found, right } = counts;
    return { class: name, marked, found, recall: hit / marked, precision: right / found };
  });
}
