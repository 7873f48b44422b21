/** What a call came to: its result and the facts it brought, its failure, or an end that has to be found out. */
import type { ActionId, Json } from "@airworthy/contract";

import type { NewObservation, Outcome } from "../../kernel/action-walk.ts";
import type { ConnectorAnswer, ConnectorCall, Deps } from "../../kernel/deps.ts";
import { canonicalJson } from "../../kernel/canonical.ts";
import { defined } from "../../kernel/defined.ts";
import { newId } from "../../kernel/ids.ts";
import type { WrittenFact } from "../../kernel/lineage/lineage-entry.ts";
import { readWrites } from "../../kernel/lineage/read-writes.ts";
import { type ExtractedFact, extractFacts } from "../../kernel/yields.ts";
import { passingRefusals } from "../../kernel/passing-refusals.ts";
import { maskMcpResult, maskResult } from "./mask.ts";
import { type Doubt, probeEffect } from "./probe.ts";

export type Caller = {
  readonly action: {
    readonly id: ActionId;
    readonly tenant: string;
    readonly agent: string;
    readonly run?: string | undefined;
  };
  readonly mask: readonly string[];
};
type Ports = Pick<Deps, "clock" | "connectors" | "observations">;
type At = { readonly call: ConnectorCall; readonly deps: Ports };

/** Of a call that was asked for, a lost race for a row as well. */
const passing: ReadonlySet<string> = new Set([...passingRefusals, "sql_40001", "sql_40P01"]);

export async function concludeCall(caller: Caller, answer: ConnectorAnswer, at: At): Promise<Outcome> {
  const mask = at.call.snapshot.connectors[at.call.tool.connector]?.type === "mcp" ? maskMcpResult : maskResult;
  switch (answer.kind) {
    case "answered":
      return {
        status: "done",
        result: mask(answer.result, caller.mask),
        observations: await observe(caller, { ...answer, shown: mask(answer.result, caller.mask) }, at),
        ...(await findWritten(caller, { ...answer, whole: true }, at)),
        ...(answer.heldBack ? { heldBack: answer.heldBack } : {}),
      };
    case "rejected": {
      const result = answer.result === undefined ? {} : { result: mask(answer.result, caller.mask) };
      const retryable = passing.has(answer.code);
      // What the upstream said in words may tell what is hidden as well.
      const message = caller.mask.length > 0 && mask === maskMcpResult ? "The tool reported an error." : answer.detail;
      return { status: "failed", code: answer.code, message, retryable, ...result };
    }
    case "unsent":
      return { status: "failed", code: "upstream_unreachable", message: answer.detail, retryable: true };
    case "ambiguous":
      if (at.call.tool.effect === "read") {
        return { status: "failed", code: "upstream_broken", message: answer.detail, retryable: true };
      }
      return clearDoubt(caller, answer.detail, at);
  }
}

/**
 * What became of a write that may have happened: the same key again where the upstream knows keys, else its probe. After
 * a doubt only a plain yes counts: a no to the repeat says nothing about the first attempt.
 */
export async function clearDoubt(caller: Caller, why: string, { call, deps }: At): Promise<Outcome> {
  if (call.tool.definition.idempotency === undefined)
    return lookForEffect(caller, { why, attempted: true }, { call, deps });
  const again = { ...call, dispatchBeforeMonoMs: deps.clock.monotonicMs() + call.timeoutMs };
  const answer = await deps.connectors.call(again);
  if (answer.kind === "answered") return concludeCall(caller, answer, { call, deps });
  const doubt = { why: `${why} Its repeat ended so: ${answer.detail}`, attempted: true };
  return lookForEffect(caller, doubt, { call, deps });
}

/** What the tool's probe says. It finds what the call would have answered, so what is hidden there is hidden here. */
export async function lookForEffect(caller: Caller, doubt: Doubt, { call, deps }: At): Promise<Outcome> {
  const outcome = await probeEffect(call, deps, doubt);
  if (outcome.status === "unknown")
    return { ...outcome, ...(await findWritten(caller, { whole: false }, { call, deps })) };
  if (outcome.status !== "done") return outcome;
  const { result } = outcome;
  const left = await findWritten(caller, { result, whole: false }, { call, deps });
  return { ...outcome, result: maskResult(result, caller.mask), ...left };
}

/** `whole`: the tool's own answer, and not what a probe found of it. */
type Left = { readonly result?: Json; readonly version?: string; readonly whole: boolean };

/** Digests only: a value that is hidden from the agent may be among them. */
async function findWritten(
  { action }: Caller,
  { result, version, whole }: Left,
  { call, deps }: At,
): Promise<{ readonly written?: readonly WrittenFact[] }> {
  const found = readWrites(call.tool.definition, {
    arguments: call.arguments,
    mcp: whole && call.snapshot.connectors[call.tool.connector]?.type === "mcp",
    ...(result === undefined ? {} : { result }),
    ...(version === undefined ? {} : { version }),
  });
  if (found.length === 0) return {};
  const { digest } = deps.observations;
  const written = found.map(async ({ fact, key, value, version: left }) => ({
    fact,
    key,
    cited: await digest(action.tenant, [fact, key]),
    ...(value === undefined ? {} : { valueDigest: await digest(action.tenant, value) }),
    ...(left === undefined ? {} : { version: left }),
  }));
  return { written: await Promise.all(written) };
}

type Seen = Extract<ConnectorAnswer, { kind: "answered" }> & { readonly shown: Json };

/** What the agent now knows: what is hidden from it is no fact that it can rest on, and no reason may tell it the value. */
async function observe({ action, mask }: Caller, answer: Seen, { call, deps }: At): Promise<NewObservation[]> {
  const rules = call.tool.definition.yields ?? [];
  if (rules.length === 0) return [];
  const fetchedAt = deps.clock.now();
  const version = answer.version === undefined ? {} : { version: answer.version };
  const mcp = call.snapshot.connectors[call.tool.connector]?.type === "mcp";
  const facts = extractFacts(rules, { result: answer.result, fetchedAt, mcp, ...version });
  const known = new Set(
    mask.length === 0 ? [] : extractFacts(rules, { result: answer.shown, fetchedAt, mcp }).map(nameOf),
  );
  return Promise.all(
    facts
      .filter((fact) => fact.problem !== "wrong_type" && (mask.length === 0 || known.has(nameOf(fact))))
      .map(async (fact) => ({
        id: newId("obs"),
        fact: fact.fact,
        key: fact.key,
        value: fact.value,
        valueDigest: await deps.observations.digest(action.tenant, fact.value),
        source: call.tool.name,
        ...defined({
          sourceVersion: fact.sourceVersion,
          batch: fact.batch,
          document: fact.document,
          path: fact.path,
          item: fact.item,
        }),
        cited: await deps.observations.digest(action.tenant, [fact.fact, fact.key]),
        asOf: fact.asOf,
        fetchedAt,
        principal: action.agent,
        run: action.run,
        readBy: action.id,
      })),
  );
}

const nameOf = ({ fact, key, value }: ExtractedFact): string => canonicalJson([fact, key, value]);
