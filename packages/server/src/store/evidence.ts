/** The evidence of a walk: what was asked, what it rested on, and why it was decided so. */
import type { JudgedAction } from "../kernel/action-walk.ts";
import { doneUnder } from "../kernel/lineage/describe-lineage.ts";
import type { DoneUnder } from "../kernel/lineage/lineage-entry.ts";

/** For the working row: what people read of the decision. */
export function evidenceOf({ context, decision, judgement }: JudgedAction): object {
  return {
    decision,
    facts: context.facts,
    lineage: context.lineage,
    ...(context.provenance.length > 0 ? { provenance: context.provenance } : {}),
    entity: context.entity,
    amount: context.amount,
    ...(judgement.obligations.mask ? { mask: judgement.obligations.mask } : {}),
  };
}

/** What lineage needs of a walk and the working row keeps until the end is written, which another node may have to do. */
export type Grounds = {
  readonly cited: readonly string[];
  readonly factDigests: readonly string[];
  readonly under: DoneUnder;
};
export function groundsOf(action: JudgedAction): Grounds {
  const { cited, factDigests } = action.context;
  return { cited, factDigests, under: doneUnder(action) };
}

/** For the ledger: everything needed to reproduce the decision later. */
export function describeWalk(action: JudgedAction): object {
  const { judgement } = action;
  return {
    walk: action.walk,
    run: action.run,
    recall: action.recall,
    ...describeArguments(action),
    confidence: action.confidence,
    rationale: action.rationale,
    proposedAt: new Date(action.proposedAt).toISOString(),
    ...evidenceOf(action),
    policy: {
      request: judgement.request,
      determining: judgement.determining,
      obligations: judgement.obligations,
      shadow: judgement.shadow,
    },
    binding: judgement.binding,
    toolVersion: action.context.tool?.digest,
  };
}

/** Larger arguments stand in the ledger as their digest and size; the working row, found by the digest, has their text. */
const keptArgumentBytes = 65_536;

function describeArguments({ arguments: args, argumentsDigest }: JudgedAction): object {
  const bytes = Buffer.byteLength(JSON.stringify(args));
  return bytes <= keptArgumentBytes ? { arguments: args, argumentsDigest } : { argumentsBytes: bytes, argumentsDigest };
}
