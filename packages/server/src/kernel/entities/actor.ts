/** Who acts: an agent by its name, or the principal under which effects are taken back. */
import type { Actor } from "@airworthy/contract";

/** The reserved name under which compensations run. */
const recall = "recall";

export const actorOf = (agent: string): Actor => ({ kind: agent === recall ? "recall" : "agent", name: agent });
export const isActor = (a: Actor, b: Actor): boolean => a.kind === b.kind && a.name === b.name;
