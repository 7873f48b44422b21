/** What the provider of an agent's model has agreed to, today. */
import type { AgentDocument, AgreementDocument, Snapshot } from "@airworthy/contract";

const dayMs = 86_400_000;

/** From the beginning of its first day to the end of its last, UTC. Nothing for an agent whose model is not known. */
export function agreementsInForce(
  { agreements }: Pick<Snapshot, "agreements">,
  agent: AgentDocument | undefined,
  nowMs: number,
): readonly AgreementDocument[] {
  const provider = agent?.model?.provider;
  if (provider === undefined) return [];
  return Object.values(agreements).filter(
    (one) =>
      one.provider === provider &&
      (one.from === undefined || Date.parse(one.from) <= nowMs) &&
      nowMs < Date.parse(one.until) + dayMs,
  );
}
