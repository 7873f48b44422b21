/** The call that takes an action back, or that tells its recipients otherwise: filled from what is recorded, never guessed. */
import { AirworthyError, type ActionRecord, type GovernedTool, type JsonObject } from "@airworthy/contract";

import { findTokens } from "./classes/data-token.ts";
import { maskMark } from "./classes/treat-json.ts";
import { fillTemplate, parsePath } from "./path.ts";

export type Compensation = { readonly tool: string } & (
  | { readonly arguments: JsonObject; readonly missing?: never }
  | { readonly missing: string; readonly arguments?: never }
);
/** `mask`: the paths of the result that a policy hid before it was kept. */
export type Recorded = { readonly record: ActionRecord; readonly mask: readonly string[] };
type Template = { readonly tool: string; readonly with: Readonly<Record<string, string>> };

/** Undefined when the tool declares no such call. */
export function describeCompensation(
  { record, mask }: Recorded,
  { definition }: GovernedTool,
  part: "compensate" | "notify",
): Compensation | undefined {
  const template: Template | undefined = part === "compensate" ? definition.compensate : definition.notice?.correct;
  if (template === undefined) return undefined;
  const { tool } = template;
  const texts = Object.values(template.with);
  const missing = findGap(record, { texts, mask });
  if (missing !== undefined) return { tool, missing };
  try {
    const { arguments: args, result, id } = record;
    const scope = { arguments: args, idempotencyKey: id, ...(result === undefined ? {} : { result }) };
    const filled = fillTemplate(template.with, scope);
    const shielded = findShielded(record, template.with, filled);
    if (shielded !== undefined) return { tool, missing: `${shielded} was masked by a data rule and is not known.` };
    return { tool, arguments: filled };
  } catch (error) {
    if (!(error instanceof AirworthyError)) throw error;
    return { tool, missing: `${error.message} (${error.place ?? "with"})` };
  }
}

function findGap(
  { status, result }: ActionRecord,
  { texts, mask }: { readonly texts: readonly string[]; readonly mask: readonly string[] },
): string | undefined {
  if (status !== "done") return `It is ${status}: there is no certain effect to take back.`;
  const ofResult = texts.filter(isOfResult);
  if (ofResult.length === 0) return undefined;
  if (result === undefined || result === null) return "Its result was not kept.";
  const hidden = ofResult.find((text) => mask.some((path) => overlaps(`$${text.slice("$result".length)}`, path)));
  return hidden === undefined ? undefined : `${hidden} was hidden by a policy and is not known.`;
}

const isOfResult = (text: string): boolean => /^\$result(?=$|[.[])/.test(text);

/** What a data rule masked, or put a token for, is not what the system knows it by. */
function findShielded({ data }: ActionRecord, template: Template["with"], filled: JsonObject): string | undefined {
  const isTreated = data?.some(({ at, did }) => at === "result" && (did === "masked" || did === "tokenised"));
  if (isTreated !== true) return undefined;
  const standsForAnother = (text: string): boolean => text.includes(maskMark) || findTokens(text).length > 0;
  return Object.entries(template).find(
    ([name, text]) => isOfResult(text) && standsForAnother(JSON.stringify(filled[name])),
  )?.[1];
}

/** Whether one path leads to, into or around the other. `[*]` may be any place of a list. */
function overlaps(one: string, other: string): boolean {
  const [a, b] = [parsePath(one).steps, parsePath(other).steps];
  const length = Math.min(a.length, b.length);
  return a.slice(0, length).every((step, index) => {
    const facing = b[index];
    if (step.kind === "all" || facing?.kind === "all") return true;
    if (step.kind === "name") return facing?.kind === "name" && facing.name === step.name;
    return facing?.kind === "index" && facing.index === step.index;
  });
}
