/** Holds each record of a read's answer against the tool's contract: what breaks it is taken out and quarantined before anybody sees it. */
import type { HeldBack, Json, JsonObject, SourceContractDocument } from "@airworthy/contract";

import type { ConnectorAnswer, ConnectorCall } from "../../../kernel/deps.ts";
import { isJsonArray, isJsonObject } from "../../../kernel/json.ts";
import { type Path, parsePath } from "../../../kernel/path.ts";
import { createRecordChecker, type RecordChecker } from "../../../kernel/records/check-record.ts";
import { flattenRecord } from "../../../kernel/records/flatten-record.ts";
import { showValue } from "../../../kernel/records/show-value.ts";
import type { HeldInAnswer, ReadQuarantine } from "../../../kernel/source-store.ts";
import type { SourceWatch } from "../../../kernel/source-watch.ts";
import { findRoot } from "../../../kernel/yields.ts";

type Answered = Extract<ConnectorAnswer, { kind: "answered" }>;

const faultsShown = 3;
const whole = parsePath("$");

/** Without a contract the answer itself. Fails closed: an answer in which the records cannot be found is none. */
export async function enforceContract(
  call: ConnectorCall,
  answer: ConnectorAnswer,
  { quarantine, watch }: { readonly quarantine: ReadQuarantine; readonly watch: SourceWatch },
): Promise<ConnectorAnswer> {
  const { contract: name, records } = call.tool.definition;
  if (name === undefined || answer.kind !== "answered" || call.tool.effect !== "read") return answer;
  const contract = call.snapshot.contracts[name];
  if (!contract) return broken(call, `its contract ${name} is not in the live configuration`);
  const mcp = call.snapshot.connectors[call.tool.connector]?.type === "mcp";
  const root = findRoot({ result: answer.result, fetchedAt: 0, mcp });
  const path = records === undefined ? whole : parsePath(records);
  const found = findRecords(root, path);
  if (found === undefined) return broken(call, `it has no records at ${path.text}, where ${name} expects them`);
  const held = check(contract, found.items);
  const out = new Set(held.map(({ number }) => number));
  watch.note({
    tenant: call.tenant,
    contract,
    accepted: found.items.filter((_, index) => !out.has(index + 1)),
    quarantined: held,
    repeats: true,
  });
  if (held.length === 0) return answer;
  const at = { tenant: call.tenant, connector: call.tool.connector, tool: call.tool.name };
  const released = await quarantine.hold({ ...at, contract: { name, version: contract.version } }, held);
  const kept = held.filter(({ number }) => !released.has(number));
  if (kept.length === 0) return answer;
  const heldBack = describe(name, kept);
  if (!found.isList) return broken(call, `it breaks its contract ${name} and is in quarantine: ${sentence(heldBack)}`);
  const without = removeRecords(root, path.steps, countGone(new Set(kept.map(({ number }) => number))));
  return { ...answer, result: mcp ? withRoot(answer, root, without) : without, heldBack };
}

function broken(call: ConnectorCall, why: string): ConnectorAnswer {
  return { kind: "rejected", code: "contract_broken", detail: `The answer of ${call.tool.name} is not shown: ${why}.` };
}

const sentence = ({ faults: [first] }: HeldBack): string =>
  first === undefined ? "no fault is named" : `${first.field} should be ${first.expected}, found ${first.found}`;

function describe(contract: string, kept: readonly HeldInAnswer[]): HeldBack {
  const faults = kept.flatMap(({ number, faults: [first] }) => (first ? [{ record: number, ...first }] : []));
  return { contract, records: kept.length, faults: faults.slice(0, faultsShown) };
}

type Found = { readonly items: readonly Json[]; readonly isList: boolean };

/** Undefined where a list is expected and none is: that would look like an answer without records. */
function findRecords(root: Json, path: Path): Found | undefined {
  let values: readonly Json[] = [root];
  let isList = false;
  for (const step of path.steps) {
    const next: Json[] = [];
    for (const value of values) {
      if (step.kind === "all") {
        if (!isJsonArray(value)) return undefined;
        next.push(...value);
      } else {
        const inner = memberOf(value, step);
        if (inner === undefined) return undefined;
        next.push(inner);
      }
    }
    isList ||= step.kind === "all";
    values = next;
  }
  const [only] = values;
  return !isList && isJsonArray(only) ? { items: only, isList: true } : { items: values, isList };
}

type Step = Path["steps"][number];

function memberOf(value: Json, step: Step): Json | undefined {
  if (step.kind === "index") return isJsonArray(value) ? value[step.index] : undefined;
  if (step.kind === "all" || !isJsonObject(value) || !Object.hasOwn(value, step.name)) return undefined;
  return value[step.name];
}

function check(contract: SourceContractDocument, items: readonly Json[]): HeldInAnswer[] {
  const checker: RecordChecker = createRecordChecker(contract, false);
  return items.flatMap((value, index): HeldInAnswer[] => {
    const number = index + 1;
    if (!isJsonObject(value)) {
      return [{ number, value, faults: [{ field: "(record)", expected: "an object", found: showValue(value) }] }];
    }
    const faults = checker({ number, ...flattenRecord(value), raw: undefined }).map(({ field, expected, found }) => {
      return { field, expected, found };
    });
    return faults.length === 0 ? [] : [{ number, value, faults }];
  });
}

/** The same value without the records of which `isGone` says so; it is asked once for each, in the order in which they were found. */
function removeRecords(value: Json, [step, ...rest]: Path["steps"], isGone: () => boolean): Json {
  if (step === undefined) return isJsonArray(value) ? value.filter(() => !isGone()) : value;
  if (step.kind === "all" && isJsonArray(value)) {
    // `$.items[*].order`: the item goes with the record that it carries.
    if (!rest.some(({ kind }) => kind === "all")) return value.filter(() => !isGone());
    return value.map((item) => removeRecords(item, rest, isGone));
  }
  if (step.kind === "index" && isJsonArray(value)) {
    return value.map((item, index) => (index === step.index ? removeRecords(item, rest, isGone) : item));
  }
  if (step.kind === "name" && isJsonObject(value)) {
    return { ...value, [step.name]: removeRecords(value[step.name] ?? null, rest, isGone) };
  }
  return value;
}

function countGone(gone: ReadonlySet<number>): () => boolean {
  let number = 0;
  return () => {
    number += 1;
    return gone.has(number);
  };
}

/** The parts of an MCP result in which the records stand; texts other than the records are not passed on. */
function withRoot(answer: Answered, root: Json, without: Json): Json {
  const { result } = answer;
  if (!isJsonObject(result) || result === root) return without;
  const { structuredContent } = result;
  const rest: JsonObject = result;
  return {
    ...rest,
    ...(structuredContent === undefined ? {} : { structuredContent: without }),
    content: [{ type: "text", text: JSON.stringify(without) }],
  };
}
