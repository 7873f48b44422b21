/** The connector for what sources have brought in: a read of our own records, with their as-of, version and batch. */
import type { Json, JsonObject } from "@airworthy/contract";

import type { ConnectorAnswer, ConnectorCall } from "../../../kernel/deps.ts";
import { readAt } from "../../../kernel/read-at.ts";
import { toFoundRecord } from "../../../kernel/records/found-record.ts";
import type { SourceRecords } from "../../../kernel/source-store.ts";

export type IngestedConnectorPort = { readonly call: (call: ConnectorCall) => Promise<ConnectorAnswer> };

const defaultLimit = 100;

export function createIngestedConnector(records: SourceRecords): IngestedConnectorPort {
  return {
    call: async (call) => {
      const { definition, connector, name } = call.tool;
      const at = { tenant: call.tenant, connector };
      if ("find" in definition && definition.find)
        return find(records, at, { ...definition.find, args: call.arguments });
      if ("list" in definition && definition.list)
        return list(records, at, { ...definition.list, args: call.arguments });
      return { kind: "unsent", detail: `${name} says neither find nor list.` };
    },
  };
}

type At = { readonly tenant: string; readonly connector: string };

async function find(
  records: SourceRecords,
  at: At,
  { record, by, args }: { readonly record: string; readonly by: string; readonly args: JsonObject },
): Promise<ConnectorAnswer> {
  const key = toKey(readAt(by, args));
  if (key === undefined) {
    return {
      kind: "rejected",
      code: "invalid_arguments",
      detail: `${by} must be the key of a ${record}: a text or a whole number.`,
    };
  }
  // When everything was in is read first: a record that comes in between is then newer than we say, never older.
  const caughtUpAt = await records.caughtUpAt(at);
  const found = await records.find(at, record, key);
  if (found) return { kind: "answered", result: toFoundRecord(found, caughtUpAt), ...versionOf(found.version) };
  return { kind: "rejected", code: "not_found", detail: `${at.connector} has brought in no ${record} of this key.` };
}

type List = {
  readonly record: string;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
  readonly args: JsonObject;
};

async function list(
  records: SourceRecords,
  at: At,
  { record, after, limit = defaultLimit, args }: List,
): Promise<ConnectorAnswer> {
  const from = after === undefined ? "" : (toKey(readAt(after, args)) ?? "");
  const caughtUpAt = await records.caughtUpAt(at);
  const found = await records.list(at, { record, after: from, limit: limit + 1 });
  const shown = found.slice(0, limit);
  const next = found.length > limit ? shown.at(-1)?.key : undefined;
  const result = {
    records: shown.map((one) => toFoundRecord(one, caughtUpAt)),
    ...(next === undefined ? {} : { next }),
  };
  return { kind: "answered", result };
}

const toKey = (value: Json | undefined): string | undefined =>
  typeof value === "number" && Number.isSafeInteger(value)
    ? String(value)
    : typeof value === "string" && value !== ""
      ? value
      : undefined;

const versionOf = (version: string | undefined): { readonly version?: string } =>
  version === undefined ? {} : { version };
