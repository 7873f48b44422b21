/** Finds out whether an interrupted effect happened, by the read that its tool declares for that. */
import type { Outcome } from "../../kernel/action-walk.ts";
import type { ConnectorCall, Deps } from "../../kernel/deps.ts";
import { fillTemplate } from "../../kernel/path.ts";
import { readAt } from "../../kernel/read-at.ts";

/** Done or not done when the probe can tell; otherwise unknown, and a person answers. */
export async function probeEffect(
  call: ConnectorCall,
  deps: Pick<Deps, "clock" | "connectors">,
  why: string,
): Promise<Outcome> {
  const { probe } = call.tool.definition;
  const tool = probe ? call.snapshot.tools[probe.tool] : undefined;
  if (!probe || !tool) return unknown(why, "it declares no probe");
  const answer = await deps.connectors.call({
    tenant: call.tenant,
    snapshot: call.snapshot,
    tool,
    arguments: fillTemplate(probe.with, { arguments: call.arguments, idempotencyKey: call.idempotencyKey }),
    idempotencyKey: `${call.idempotencyKey}:probe`,
    timeoutMs: tool.timeoutMs,
    dispatchBeforeMonoMs: deps.clock.monotonicMs() + tool.timeoutMs,
  });
  if (answer.kind !== "answered") return unknown(why, `the probe ${tool.name} failed: ${answer.detail}`);
  const found = readAt(probe.found, answer.result);
  if (found === undefined || found === null || found === false || (Array.isArray(found) && found.length === 0)) {
    return {
      status: "failed",
      code: "not_done",
      message: `${why}; ${tool.name} shows that it was not done.`,
      retryable: true,
    };
  }
  return { status: "done", result: Array.isArray(found) ? (found[0] ?? null) : found, observations: [] };
}

function unknown(why: string, further: string): Outcome {
  return {
    status: "unknown",
    message: `${why}; whether it was done is unknown, because ${further}. A person must say.`,
  };
}
