/** What an upstream says while it works, passed on in order with classed data taken out. */
import type { DataUse, Json, JsonObject } from "@airworthy/contract";

import type { Hearing } from "../../kernel/classes/data-shield.ts";
import type { Deps, Sink } from "../../kernel/deps.ts";
import { isJsonObject } from "../../kernel/json.ts";

export type ShieldedSink = {
  readonly sink: Sink;
  /** Resolves when all that was said has been passed on. */
  readonly told: () => Promise<void>;
  readonly uses: () => readonly DataUse[];
};

export function shieldSink(sink: Sink, hearing: Hearing, { data }: Pick<Deps, "data">): ShieldedSink {
  const uses: DataUse[] = [];
  let last: Promise<void> = Promise.resolve();
  const pass = async (method: string, params: JsonObject): Promise<void> => {
    // Tokens and levels are the protocol's own; words and data are the upstream's.
    const { progressToken, level, progress, total, ...said } = params;
    const kept = { progressToken, level, progress, total };
    const treated = await data.answer(hearing, { said }, "progress");
    uses.push(...treated.uses);
    const isBlocked = treated.uses.some((use) => use.did === "blocked");
    const shown: Json = isJsonObject(treated.value) ? (treated.value["said"] ?? null) : null;
    if (!isBlocked && isJsonObject(shown)) sink.notify(method, { ...present(kept), ...shown });
  };
  return {
    sink: {
      signal: sink.signal,
      notify: (method, params) => {
        // What cannot be looked at is not passed on; the call itself goes on without it.
        last = last.then(() => pass(method, params)).catch(() => undefined);
      },
    },
    told: () => last,
    uses: () => uses,
  };
}

function present(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
