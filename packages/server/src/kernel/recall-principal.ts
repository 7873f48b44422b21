/** The principal that takes actions back: it exists for approved recalls alone, and no agent can have its name. */
import type { AgentDocument } from "@airworthy/contract";

export const recallName = "recall";

/** What rooms and policies see of it: the lowest level that may write, and no tool but the one that is called. */
export function recallAgent(tools: readonly string[]): AgentDocument {
  return {
    apiVersion: "airworthy/v1",
    kind: "Agent",
    name: recallName,
    purpose: "Takes actions back, as the approved plan of a recall says",
    owner: recallName,
    stage: "production",
    level: "junior",
    tools: [...tools],
  };
}
