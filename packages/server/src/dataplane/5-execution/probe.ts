/** Finds out whether an interrupted effect happened, by the read that its tool declares for that. */
import type { GovernedTool, Json } from "@airworthy/contract";

import type { Outcome } from "../../kernel/action-walk.ts";
import type { ConnectorCall, Deps } from "../../kernel/deps.ts";
import { settlePauseMs } from "../../kernel/effect-lease.ts";
import { fillTemplate } from "../../kernel/path.ts";
import { readAt } from "../../kernel/read-at.ts";

export type Doubt = {
  readonly why: string;
  /** This process has just sent it: the upstream may still be at work on what it did not answer. */
  readonly attempted: boolean;
};

/** Done or not done when the probe can tell; otherwise unknown, and a person answers. */
export async function probeEffect(
  call: ConnectorCall,
  deps: Pick<Deps, "clock" | "connectors">,
  { why, attempted }: Doubt,
): Promise<Outcome> {
  const { probe } = call.tool.definition;
  const tool = probe ? call.snapshot.tools[probe.tool] : undefined;
  if (!probe || !tool) return unknown(why, "it declares no probe");
  let seen = await look(call, { probe, tool }, deps);
  if (attempted && "found" in seen && seen.found === undefined) {
    await pause(settlePauseMs(call.timeoutMs));
    seen = await look(call, { probe, tool }, deps);
  }
  if ("problem" in seen) return unknown(why, `the probe ${tool.name} failed: ${seen.problem}`);
  if (seen.found !== undefined) return { status: "done", result: seen.found, observations: [] };
  const message = `${why} ${tool.name} shows that it was not done.`;
  return { status: "failed", code: "not_done", message, retryable: true };
}

type Probe = { readonly probe: NonNullable<GovernedTool["definition"]["probe"]>; readonly tool: GovernedTool };

/** `found` is undefined when the system does not know of it. */
async function look(
  call: ConnectorCall,
  { probe, tool }: Probe,
  deps: Pick<Deps, "clock" | "connectors">,
): Promise<{ readonly found: Json | undefined } | { readonly problem: string }> {
  const answer = await deps.connectors.call({
    tenant: call.tenant,
    snapshot: call.snapshot,
    tool,
    arguments: fillTemplate(probe.with, { arguments: call.arguments, idempotencyKey: call.idempotencyKey }),
    idempotencyKey: `${call.idempotencyKey}:probe`,
    timeoutMs: tool.timeoutMs,
    dispatchBeforeMonoMs: deps.clock.monotonicMs() + tool.timeoutMs,
  });
  if (answer.kind !== "answered") return { problem: answer.detail };
  const found = readAt(probe.found, answer.result);
  if (found === undefined || found === null || found === false) return { found: undefined };
  return { found: Array.isArray(found) ? found[0] : found };
}

function unknown(why: string, further: string): Outcome {
  return {
    status: "unknown",
    message: `${why} Whether it was done is unknown, because ${further}. A person must say.`,
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
