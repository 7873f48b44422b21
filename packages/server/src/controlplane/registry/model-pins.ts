/** Decides whether a model's name means one fixed model, or whatever its provider serves under it today. */

type PinForm = { readonly what: string; readonly form: RegExp };

const END = String.raw`(?=$|[-_.:@/])`;
const MONTH = "(?:0[1-9]|1[0-2])";
const DAY = "(?:0[1-9]|[12][0-9]|3[01])";

/**
 * A name is pinned when one of these is in it. Anything else floats: a bare family (gpt-5, claude-sonnet-4-5), a tag
 * (llama3.3:70b), a moving alias (auto). `latest` as a part of the name always floats, whatever else is there.
 */
const pinForms: readonly PinForm[] = [
  {
    what: "a full date: gpt-4o-2024-08-06, claude-sonnet-4-5-20250929, …@20250929",
    form: new RegExp(`[-_@.:]20\\d{2}-?${MONTH}-?${DAY}${END}`),
  },
  { what: "a day: gpt-4-0613, gpt-4-0125-preview", form: new RegExp(`-${MONTH}${DAY}(?:-preview)?$`) },
  { what: "a month: mistral-large-2411", form: new RegExp(`-2[3-9]${MONTH}$`) },
  {
    what: "a dated preview: gemini-2.5-pro-preview-06-05, gemini-2.5-flash-preview-09-2025",
    form: new RegExp(`-(?:preview|exp)-${MONTH}-(?:${DAY}|20\\d{2})$`),
  },
  { what: "a numbered snapshot: gemini-2.0-flash-001", form: /-0\d{2}$/ },
  { what: "a numbered Bedrock version: amazon.nova-pro-v1:0", form: /-v\d+:\d+$/ },
  // https://platform.claude.com/docs/en/about-claude/models/model-ids-and-versions: dateless ids are pinned from 4.6 on.
  {
    what: "a Claude id of generation 4.6 or later: claude-opus-4-6, claude-sonnet-5",
    form: /(?:^|\.)claude-[a-z]+-(?:4-[6-9]|[5-9](?:-\d)?)(?:-v\d+)?$/,
  },
  { what: "a content digest: …@sha256:<64 digits>", form: /@sha256:[0-9a-f]{64}$/ },
  { what: "a commit: org/model@<40 digits>", form: /@[0-9a-f]{40}$/ },
];

const floating = new RegExp(`(?:^|[-_.:@/])latest${END}`);

/** Whether the name can only ever mean one model. */
export function isPinnedModel(name: string): boolean {
  const folded = name.toLowerCase();
  return !floating.test(folded) && pinForms.some(({ form }) => form.test(folded));
}
