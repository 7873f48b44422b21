/** What an effect left behind, as its tool's `writes` rules say: facts with the value or the version they have now. */
import type { GovernedTool, Json, JsonObject, WriteRule } from "@airworthy/contract";

import { identifierOf } from "../identifier.ts";
import { fillTemplate } from "../path.ts";
import { findRoot } from "../yields.ts";

export type FactWritten = {
  readonly fact: string;
  readonly key: string;
  readonly value?: Json;
  readonly version?: string;
};

export type Written = {
  readonly arguments: JsonObject;
  /** Absent where nobody knows what the tool answered: then only what the arguments say is known. */
  readonly result?: Json;
  /** The answer's ETag, or whatever its connector takes for one. */
  readonly version?: string;
  readonly mcp: boolean;
};

/** A rule whose key, or both whose value and version, are not there is left out. Never throws for what a result holds. */
export function readWrites({ writes = [] }: GovernedTool["definition"], written: Written): FactWritten[] {
  const { arguments: args, result, mcp } = written;
  const root = result === undefined ? {} : { result: findRoot({ result, mcp, fetchedAt: 0 }) };
  const read = (text: string): Json | undefined => {
    try {
      return fillTemplate({ it: text }, { arguments: args, ...root })["it"];
    } catch {
      return undefined;
    }
  };
  return writes.flatMap((rule): FactWritten[] => {
    const key = identifierOf(read(rule.key));
    const value = typeof rule.value === "string" ? read(rule.value) : rule.value;
    const version = rule.version === "etag" ? written.version : versionOf(rule, read);
    if (key === undefined || (value === undefined && version === undefined)) return [];
    return [
      {
        fact: rule.fact,
        key,
        ...(value === undefined ? {} : { value }),
        ...(version === undefined ? {} : { version }),
      },
    ];
  });
}

function versionOf({ version }: WriteRule, read: (text: string) => Json | undefined): string | undefined {
  return version === undefined ? undefined : identifierOf(read(version));
}
