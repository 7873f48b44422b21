/**
 * How an effect changes the picture of its business object: when it begins, when it ends, and from the beginning. What
 * may have happened counts as standing; only what is done takes anything away.
 */
import { isActor } from "./actor.ts";
import { emptyPicture, type Net, type Picture, type PictureEffect } from "./picture.ts";

export type NewEffect = Omit<PictureEffect, "stands" | "holds">;
type Ended = "done" | "failed" | "unknown";

/** Of each actor so many that no longer stand are kept for policies to see as recent, so that nobody can push others out. */
const recentPerActor = 8;
const recentMax = 48;
/** More standing effects than this on one business object are not kept at hand; then the picture says that it is truncated. */
const standingMax = 96;

/** The effect is under way, or was put on record as done. */
export function beginEffect(picture: Picture, effect: NewEffect): Picture {
  const own = effect.touched !== true && effect.compensatedBy === undefined;
  const begun: PictureEffect = {
    ...effect,
    status: "started",
    stands: own && effect.state !== undefined,
    holds: own && effect.hold === "place",
  };
  const next = {
    ...picture,
    effects: [...picture.effects, begun],
    net: count(picture.net, begun, { column: "maybe", sign: 1 }),
  };
  return effect.status === "started" ? prune(next) : endEffect(next, effect.id, effect.status);
}

/** The effect's end is known, or known to be unknown. One that the picture does not hold changes nothing. */
export function endEffect(picture: Picture, id: string, status: Ended): Picture {
  const effect = picture.effects.find((one) => one.id === id);
  if (!effect || effect.status === status || !isPending(effect)) return picture;
  if (status === "unknown") return replace(picture, { ...effect, status });
  const freed = count(picture.net, effect, { column: "maybe", sign: -1 });
  if (status === "failed") {
    return prune(replace({ ...picture, net: freed }, { ...effect, status, stands: false, holds: false }));
  }
  const done = { ...effect, status };
  const effects = picture.effects.map((one) => (one.id === id ? done : one));
  const settled = effects.map((one) =>
    one.id === id
      ? effects.filter((other) => other.seq > one.seq && other.status === "done").reduce(takeAway, one)
      : takeAway(one, done),
  );
  return prune({ ...picture, effects: settled, net: count(freed, done, { column: "done", sign: 1 }) });
}

/** The picture that all these effects make, in the order in which they came. */
export function rebuildPicture(effects: readonly NewEffect[]): Picture {
  return effects.reduce(beginEffect, emptyPicture);
}

const isPending = ({ status }: PictureEffect): boolean => status === "started" || status === "unknown";

/** What is left of an effect after a later one, which is done. A person's word also ends what only may have happened. */
function takeAway(one: PictureEffect, later: PictureEffect): PictureEffect {
  if (later.seq <= one.seq || later.touched === true || later.compensatedBy !== undefined) return one;
  if (isPending(one) && later.by.kind !== "person") return one;
  return { ...one, stands: one.stands && !endsState(later, one), holds: one.holds && !releases(later, one) };
}

/** The same actor's same state again takes the place of the first. */
function endsState(later: PictureEffect, one: PictureEffect): boolean {
  const isEnded = one.state !== undefined && later.ends?.includes(one.state) === true;
  return isEnded || (isAgain(later, one) && later.state === one.state);
}

function releases(later: PictureEffect, one: PictureEffect): boolean {
  if (later.hold === "release") return later.releases === undefined || later.releases === one.id;
  return later.hold === "place" && isAgain(later, one);
}

const isAgain = (later: PictureEffect, one: PictureEffect): boolean => isActor(one.by, later.by) && !isPending(one);

function replace(picture: Picture, effect: PictureEffect): Picture {
  return { ...picture, effects: picture.effects.map((one) => (one.id === effect.id ? effect : one)) };
}

const noNet: Net = { inMinor: 0, outMinor: 0, maybeInMinor: 0, maybeOutMinor: 0 };
const columns = {
  maybe: { in: "maybeInMinor", out: "maybeOutMinor" },
  done: { in: "inMinor", out: "outMinor" },
} as const;

/** A compensated effect no longer counts, and neither does what compensated it: together they are nothing. */
function count(
  net: Picture["net"],
  { amount, flow, by, compensatedBy }: PictureEffect,
  { column, sign }: { readonly column: keyof typeof columns; readonly sign: 1 | -1 },
): Picture["net"] {
  if (!amount || flow === undefined || by.kind === "recall" || compensatedBy !== undefined) return net;
  const before = net[amount.currency] ?? noNet;
  const name = columns[column][flow];
  return { ...net, [amount.currency]: { ...before, [name]: before[name] + sign * amount.minor } };
}

/** Drops what neither stands nor is recent, the oldest first. */
function prune(picture: Picture): Picture {
  const standing = picture.effects.filter((one) => one.stands || one.holds || isPending(one));
  const dropped = new Set(standing.slice(0, Math.max(0, standing.length - standingMax)));
  const perActor = new Map<string, number>();
  const recent = new Set<PictureEffect>();
  for (const one of picture.effects.toReversed()) {
    const actor = `${one.by.kind} ${one.by.name}`;
    const had = perActor.get(actor) ?? 0;
    if (standing.includes(one) || had >= recentPerActor || recent.size >= recentMax) continue;
    perActor.set(actor, had + 1);
    recent.add(one);
  }
  const keeps = new Set(standing);
  return {
    ...picture,
    effects: picture.effects.filter((one) => (keeps.has(one) && !dropped.has(one)) || recent.has(one)),
    truncated: picture.truncated || dropped.size > 0,
  };
}
