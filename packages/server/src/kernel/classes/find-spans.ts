/** Finds what in a text is of a data class, by every detector there is; pure, in linear time. */
import type { CustomDetector } from "./custom-detector.ts";
import { findCards } from "./find-cards.ts";
import { findEmails } from "./find-emails.ts";
import { findIbans } from "./find-ibans.ts";
import { findIps } from "./find-ips.ts";
import { findNationalIds } from "./find-national-ids.ts";
import { findPhones } from "./find-phones.ts";
import { findSecrets } from "./find-secrets.ts";
import type { Span } from "./span.ts";
import { findZones } from "./zones.ts";

/** The classes that the built-in detectors find; those of national ids end in a country's code. */
export const detectedClasses = [
  "bank.iban",
  "net.ip",
  "pci.card",
  "pii.email",
  "pii.national_id",
  "pii.phone",
  "secret.key",
] as const;

/** `field` is the name that the text stands under: a bare number is told by it. */
export type Looking = { readonly field?: string; readonly custom?: readonly CustomDetector[] };

/** In order of place. Spans of different classes may overlap: each is true of its characters. */
export function findSpans(text: string, { field = "", custom = [] }: Looking = {}): Span[] {
  const zones = findZones(text);
  const secrets = findSecrets(text, field);
  const firm = [
    ...secrets,
    ...(text.includes("@") || text.includes("%40") ? findEmails(text) : []),
    ...findIbans(text, zones),
    ...findCards(zones),
    ...findIps(text),
  ];
  // What is certainly something else is no telephone number and no number of a person, however its digits fall.
  const ids = findNationalIds(text, zones, field).filter((span) => !firm.some((one) => overlaps(one, span)));
  const known = [...firm, ...ids];
  const phones = findPhones(text, zones, field).filter((span) => !known.some((one) => overlaps(one, span)));
  const own = custom.flatMap((detect) => detect(text));
  return [...known, ...phones, ...own].toSorted((one, other) => one.from - other.from || other.to - one.to);
}

const overlaps = (one: Span, other: Span): boolean => one.from < other.to && other.from < one.to;
