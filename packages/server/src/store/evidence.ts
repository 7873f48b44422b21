/** The evidence of a walk: what was asked, what it rested on, and why it was decided so. */
import type { ComputedValues, EntityView } from "@airworthy/contract";

import type { JudgedAction } from "../kernel/action-walk.ts";
import { actorOf, isActor } from "../kernel/entities/actor.ts";
import { toShown } from "../kernel/entities/picture.ts";
import { doneUnder } from "../kernel/lineage/describe-lineage.ts";
import type { DoneUnder } from "../kernel/lineage/lineage-entry.ts";

/** For the working row: what people read of the decision. */
export function evidenceOf(action: JudgedAction): object {
  const { context, decision, judgement } = action;
  return {
    decision,
    facts: context.facts,
    ...computedOf(action),
    lineage: context.lineage,
    ...(context.provenance.length > 0 ? { provenance: context.provenance } : {}),
    ...(context.data.length > 0 ? { data: context.data } : {}),
    entity: context.entity,
    ...(context.touches.length > 0 ? { touches: context.touches } : {}),
    ...(context.entities.length > 0 ? { entities: viewsOf(action) } : {}),
    amount: context.amount,
    ...(judgement.obligations.mask ? { mask: judgement.obligations.mask } : {}),
  };
}

/** What was computed for the policies, where anything was. */
export function computedOf({ context }: Pick<JudgedAction, "context">): { computed?: ComputedValues } {
  const { computed } = context;
  if (Object.keys(computed).length === 0) return {};
  return { computed: Object.fromEntries(Object.entries(computed).map(([name, value]) => [name, copyOf(value)])) };
}

const copyOf = (value: string | number | boolean | readonly string[]): ComputedValues[string] =>
  typeof value === "object" ? [...value] : value;

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

/** Of each business object so many effects of others, those that stand before those that are only recent. */
const shownEffects = 12;

/** What the decision saw of its business objects. */
export function viewsOf({ agent, context }: Pick<JudgedAction, "agent" | "context">): readonly EntityView[] {
  const by = actorOf(agent);
  return context.entities.map(({ key, version, touched, picture }) => {
    const others = picture.effects.filter((one) => !isActor(one.by, by)).toReversed();
    const telling = others.filter(
      (one) => one.stands || one.holds || one.status === "started" || one.status === "unknown",
    );
    const shown = [...telling, ...others.filter((one) => !telling.includes(one))].slice(0, shownEffects);
    return { entity: key, version, ...(touched ? { touched } : {}), effects: shown.map(toShown) };
  });
}

/** For the ledger: everything needed to reproduce the decision later. */
export function describeWalk(action: JudgedAction): object {
  const { judgement } = action;
  return {
    walk: action.walk,
    run: action.run,
    onBehalfOf: action.onBehalfOf,
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
