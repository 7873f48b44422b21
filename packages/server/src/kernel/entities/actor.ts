/** Who acts: an agent by its name, or the principal under which effects are taken back. */
import type { Actor } from "@airworthy/contract";

import { recallName } from "../recall-principal.ts";

export const actorOf = (agent: string): Actor => ({ kind: agent === recallName ? "recall" : "agent", name: agent });
export const isActor = (a: Actor, b: Actor): boolean => a.kind === b.kind && a.name === b.name;
