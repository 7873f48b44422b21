/** Of all that was done to the business objects of an action: what a policy can ask about, by the attribute that asks. */
import type { Actor, ToolOutcome } from "@airworthy/contract";

import { durationMs } from "../duration.ts";
import { isActor } from "./actor.ts";
import type { Picture, PictureEffect } from "./picture.ts";

/** One business object of an action, as it was before its facts were looked at. */
export type SeenEntity = {
  readonly key: string;
  readonly version: number;
  readonly touched: boolean;
  /** Another action whose effect on it is under way. */
  readonly holder: string | undefined;
  readonly picture: Picture;
};
export type ToldEffect = PictureEffect & { readonly entity: string };
/** `by` is who acts now, `outcome` what the tool leaves behind. */
export type Asking = { readonly by: Actor; readonly outcome: ToolOutcome | undefined; readonly nowMs: number };

/** The attributes of `context.env.entity` that rest on effects. */
export type Telling = {
  readonly states: readonly ToldEffect[];
  readonly contradicts: readonly ToldEffect[];
  readonly contradictsOwn: readonly ToldEffect[];
  readonly holds: readonly ToldEffect[];
  readonly unsettled: readonly ToldEffect[];
  readonly recent: readonly ToldEffect[];
};

const defaultWindow = "7d";

/** `states` are everybody's and `contradictsOwn` the actor's own; all else is by others. Oldest first. */
export function listTelling(seen: readonly SeenEntity[], { by, outcome, nowMs }: Asking): Telling {
  const all = seen.flatMap(({ key, picture }) => picture.effects.map((one): ToldEffect => ({ ...one, entity: key })));
  const others = all.filter((one) => !isActor(one.by, by));
  const since = nowMs - durationMs(outcome?.window ?? defaultWindow);
  const clashing = all.filter((one) => one.stands && doContradict(outcome ?? {}, one));
  return {
    states: all.filter((one) => one.stands),
    contradicts: clashing.filter((one) => others.includes(one)),
    contradictsOwn: clashing.filter((one) => !others.includes(one)),
    holds: others.filter((one) => one.holds),
    unsettled: others.filter((one) => one.status === "started" || one.status === "unknown"),
    recent: others.filter((one) => isLive(one) && Date.parse(one.at) >= since),
  };
}

type Stating = Pick<ToolOutcome, "state" | "contradicts">;

/** Either may be the one that says so. */
export function doContradict(a: Stating, b: Stating): boolean {
  const says = (one: Stating, other: Stating): boolean =>
    other.state !== undefined && one.contradicts?.includes(other.state) === true;
  return says(a, b) || says(b, a);
}

const isLive = ({ status, compensatedBy }: PictureEffect): boolean =>
  status !== "failed" && compensatedBy === undefined;
