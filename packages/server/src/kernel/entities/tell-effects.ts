/** What others did to a business object, in words: who, with what, when, which state, how much. */
import type { EntityEffect } from "@airworthy/contract";

import { amountText } from "../amount-text.ts";

type Told = Omit<EntityEffect, "stands" | "holds"> & { readonly entity: string };

const namedMax = 6;

/** `cash-flow payables.delay (act_…) at 2026-11-21 13:02:11 UTC on invoice:4711: payment_delayed, €1,200.00 out` */
export function tellEffects(effects: readonly Told[]): string {
  const told = effects.slice(0, namedMax).map(tellEffect);
  const more = effects.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

function tellEffect(one: Told): string {
  const who = one.by.kind === "person" ? `${one.by.name}, a person,` : one.by.name;
  const when = one.at.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
  const what = [
    one.state,
    one.hold === "place" ? "hold placed" : undefined,
    one.amount && `${amountText(one.amount)}${one.flow === undefined ? "" : ` ${one.flow}`}`,
    one.status === "started" ? "under way" : one.status === "unknown" ? "perhaps, its end is unknown" : undefined,
  ].filter((part) => part !== undefined);
  const did = [who, one.tool].filter((part) => part !== undefined).join(" ");
  return `${did} (${one.id}) at ${when} on ${one.entity}${what.length > 0 ? `: ${what.join(", ")}` : ""}`;
}
