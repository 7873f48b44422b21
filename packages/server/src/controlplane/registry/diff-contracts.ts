/** Compares source contracts: what records must look like before anybody sees them. */
import { isDeepStrictEqual } from "node:util";

import type { Snapshot, SourceContractDocument } from "@airworthy/contract";

import { kindOf, listNames, pairUp } from "./diff-entries.ts";
import type { Consequence, Pair } from "./diff-entries.ts";

export function diffContracts(from: Snapshot["contracts"], to: Snapshot["contracts"]): Consequence[] {
  return pairUp(from, to).map((pair) => {
    const { control, detail } = describe(pair);
    return {
      control,
      change: { group: "sources", kind: kindOf(pair), name: pair.name, detail: `contract ${pair.name} ${detail}` },
    };
  });
}

type Told = { readonly control: Consequence["control"]; readonly detail: string };

function describe({ was, is }: Pair<SourceContractDocument>): Told {
  if (is === undefined) return { control: "less", detail: "is removed; nothing holds its records to it" };
  if (was === undefined)
    return { control: "more", detail: `is new: version ${is.version}, ${is.fields.length} fields` };
  const changed = changedFields(was, is);
  const version =
    was.version === is.version ? `stays version ${is.version}` : `is version ${is.version} (was ${was.version})`;
  const isSameWatch = isDeepStrictEqual(was.watch, is.watch);
  const watch = isSameWatch ? "" : is.watch === undefined ? "; it is no longer watched" : "; it is watched otherwise";
  const fields = changed.length === 0 ? "no field changed" : `${listNames(changed)} changed`;
  // Whether a field asks more or less now is for a person to see: the names say where to look.
  return {
    control: changed.length === 0 && was.unlisted === is.unlisted && isSameWatch ? "same" : "less",
    detail: `${version}; ${fields}${watch}`,
  };
}

function changedFields(was: SourceContractDocument, is: SourceContractDocument): string[] {
  const before = new Map(was.fields.map((field) => [field.name, field]));
  const after = new Map(is.fields.map((field) => [field.name, field]));
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names.filter((name) => !isDeepStrictEqual(before.get(name), after.get(name)));
}
