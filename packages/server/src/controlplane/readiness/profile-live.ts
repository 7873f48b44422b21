/** Describes what a live source answers or has brought in: an operator's act, capped, and recorded before it is done. */
import { AirworthyError } from "@airworthy/contract";
import type { GovernedTool, IngestConnector, Json, JsonObject, LiveProfile, Snapshot } from "@airworthy/contract";

import { digestJson } from "../../kernel/canonical.ts";
import type { Clock, Connectors, InputSchemas } from "../../kernel/deps.ts";
import { newId } from "../../kernel/ids.ts";
import { isJsonArray, isJsonObject } from "../../kernel/json.ts";
import { parsePath, readEach } from "../../kernel/path.ts";
import { flattenRecord } from "../../kernel/records/flatten-record.ts";
import type { SourceRecords } from "../../kernel/source-store.ts";
import { findRoot } from "../../kernel/yields.ts";
import { describeSample } from "./describe-source.ts";
import type { DescribeOptions } from "./describe-source.ts";
import { createRecordSampler } from "./sample-records.ts";

export type ProfileDeps = {
  readonly clock: Clock;
  readonly connectors: Connectors;
  readonly inputSchemas: InputSchemas;
  readonly records: SourceRecords;
  /** Writes the ledger entry. */
  readonly noteProfiled: (tenant: string, body: JsonObject) => Promise<void>;
};
type By = { readonly tenant: string; readonly by: string; readonly snapshot: Snapshot };
type Learn = DescribeOptions["learn"];

/** Records that are looked at in all. */
const recordsMax = 100_000;
const pageSize = 1_000;

/** @throws AirworthyError `invalid_input` for a write tool or arguments that do not fit; `unavailable` when no call brought anything. */
export async function profileTool(
  { tenant, by, snapshot }: By,
  asked: {
    readonly tool: GovernedTool;
    readonly calls: readonly JsonObject[];
    readonly records: string | undefined;
    readonly learn: Learn;
  },
  deps: ProfileDeps,
): Promise<LiveProfile> {
  const { tool, calls } = asked;
  if (tool.effect !== "read") {
    throw new AirworthyError("invalid_input", `${tool.name} writes; only what reads can be profiled.`, {
      place: "$.tool",
      fix: "Name a read tool.",
    });
  }
  for (const [at, args] of calls.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- an MCP server is asked for its schema once; the others wait for it
    const [problem] = await deps.inputSchemas.problems(snapshot, tool, args);
    if (problem) throw new AirworthyError("invalid_input", problem.detail, { place: `$.arguments.${at}` });
  }
  // Arguments may name people, so the ledger has their digest alone.
  await deps.noteProfiled(tenant, { by, tool: tool.name, calls: calls.length, arguments: digestJson([...calls]) });
  const sampler = createRecordSampler(tool.name, { untyped: false });
  const failed: LiveProfile["failed"] = [];
  for (const [at, args] of calls.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: the system has its own work to do
    const answer = await deps.connectors.call(callOf({ tenant, snapshot, tool: withoutContract(tool), args }, deps));
    if (answer.kind !== "answered") {
      const code = answer.kind === "rejected" ? answer.code : answer.kind;
      failed.push({ call: at + 1, code, message: answer.detail });
      continue;
    }
    const mcp = snapshot.connectors[tool.connector]?.type === "mcp";
    const root = findRoot({ result: answer.result, fetchedAt: 0, mcp });
    for (const record of findRecords(root, asked.records ?? tool.definition.records)) {
      if (sampler.records() < recordsMax) sampler.add(flattenRecord(record));
    }
  }
  return describe({ source: tool.name, sampler, failed, learn: asked.learn });
}

/** What is to be described is what the system answers, not what its contract lets through. */
function withoutContract(tool: GovernedTool): GovernedTool {
  const { contract: _, ...definition } = tool.definition;
  return { ...tool, definition };
}

function callOf(
  { tenant, snapshot, tool, args }: { tenant: string; snapshot: Snapshot; tool: GovernedTool; args: JsonObject },
  { clock }: ProfileDeps,
) {
  const { timeoutMs } = tool;
  const dispatchBeforeMonoMs = clock.monotonicMs() + timeoutMs;
  return { tenant, snapshot, tool, arguments: args, idempotencyKey: newId("act"), timeoutMs, dispatchBeforeMonoMs };
}

/** Without a path: the answer's own list, else its only list of objects, else the answer as one record. */
function findRecords(root: Json, path: string | undefined): readonly JsonObject[] {
  if (path !== undefined) return readEach(readablePath(path), root).filter(isJsonObject);
  if (isJsonArray(root)) return root.filter(isJsonObject);
  if (!isJsonObject(root)) return [];
  const lists = Object.values(root).filter((value) => isJsonArray(value) && value.some(isJsonObject));
  const [only] = lists;
  return lists.length === 1 && isJsonArray(only) ? only.filter(isJsonObject) : [root];
}

function readablePath(text: string) {
  try {
    return parsePath(text);
  } catch (cause) {
    throw new AirworthyError("invalid_input", `${JSON.stringify(text.slice(0, 60))} is not a path.`, {
      cause,
      place: "$.records",
      fix: "Begin with $, as in $.items[*].",
    });
  }
}

/** The newest of each record. @throws AirworthyError `invalid_input` where the source brings several kinds and none was chosen. */
export async function profileIngested(
  { tenant, by }: By,
  asked: { readonly connector: IngestConnector; readonly record: string | undefined; readonly learn: Learn },
  deps: ProfileDeps,
): Promise<LiveProfile> {
  const { connector } = asked;
  const kinds = connector.records.map(({ record }) => record);
  const [only] = kinds;
  const record = asked.record ?? (kinds.length === 1 ? only : undefined);
  if (record === undefined || !kinds.includes(record)) {
    throw new AirworthyError(
      "invalid_input",
      `${connector.name} brings ${kinds.join(", ")}: one of them is asked for.`,
      {
        place: "$.record",
        fix: "Name the kind of record.",
      },
    );
  }
  await deps.noteProfiled(tenant, { by, source: connector.name, record });
  const sampler = createRecordSampler(connector.name, { untyped: false });
  const at = { tenant, connector: connector.name };
  for (let after = ""; sampler.records() < recordsMax;) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
    const page = await deps.records.list(at, { record, after, limit: pageSize });
    for (const { value } of page) if (isJsonObject(value)) sampler.add(flattenRecord(value));
    after = page.at(-1)?.key ?? after;
    if (page.length < pageSize) break;
  }
  return describe({ source: connector.name, sampler, failed: [], learn: asked.learn });
}

type Described = {
  readonly source: string;
  readonly sampler: ReturnType<typeof createRecordSampler>;
  readonly failed: LiveProfile["failed"];
  readonly learn: Learn;
};

function describe({ source, sampler, failed, learn }: Described): LiveProfile {
  const [first] = failed;
  if (sampler.records() === 0 && first !== undefined) {
    throw new AirworthyError("unavailable", `${source} answered no call: ${first.message}`, {
      retryable: true,
      fix: "Check the arguments and that its system is up.",
    });
  }
  const sample = { file: source, format: "json" as const, records: sampler.records(), unreadable: 0 };
  return { ...describeSample({ ...sample, fields: sampler.fields() }, learn), failed };
}
