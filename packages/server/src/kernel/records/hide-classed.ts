/** Takes the values of classed fields out of what people see of records: their contract says which fields those are. */
import type { Json, Quarantined, ReadinessFinding, SourceContractDocument } from "@airworthy/contract";

import { isJsonArray, isJsonObject } from "../json.ts";

type Contract = Pick<SourceContractDocument, "fields"> | undefined;

/** What stands in place of a value. */
export const classedText = (dataClass: string): string => `(${dataClass}, not shown)`;

const classesOf = (contract: Contract): ReadonlyMap<string, string> =>
  new Map(
    (contract?.fields ?? []).flatMap(({ name, class: own }) => (own === undefined ? [] : [[name, own] as const])),
  );

/** The name that a fault has for what could not be read as a record: any field may be in it. */
export const wholeMessage = "(message)";

/** Faults that were written down before their field had a class hold a value too. */
export function hideFaults(faults: Quarantined["faults"], contract: Contract): Quarantined["faults"] {
  const classes = classesOf(contract);
  return faults.map((fault) => {
    const own = fault.field === wholeMessage ? anyOf(classes) : classes.get(fault.field);
    return own === undefined ? fault : { ...fault, found: classedText(own) };
  });
}

/** What a text may be of that nobody has taken apart. */
function anyOf(classes: ReadonlyMap<string, string>): string | undefined {
  return classes.size === 0 ? undefined : `perhaps ${[...new Set(classes.values())].toSorted().join(", ")}`;
}

/** Fields have the names that a flattened record gives them; what is below a classed field is of its class. A text was never taken apart. */
export function hideRecord(value: Json, contract: Contract): Json {
  const classes = classesOf(contract);
  const any = anyOf(classes);
  if (any === undefined) return value;
  return typeof value === "string" ? classedText(any) : hide(value, "", classes);
}

function hide(value: Json, at: string, classes: ReadonlyMap<string, string>): Json {
  const own = classes.get(at);
  if (own !== undefined && value !== null) return classedText(own);
  if (isJsonArray(value)) return value.map((item) => hide(item, at, classes));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, hide(inner, at === "" ? name : `${at}.${name}`, classes)]),
  );
}

/** What a finding says in place of a sentence that names values; kinds that are absent name none. */
const withoutValues: Partial<Record<ReadinessFinding["kind"], string>> = {
  unseen: "has values that the baseline never had",
  format: "has values that are built in a way the baseline never had",
  drift: "is distributed differently",
  tail_low: "has another share of its smallest values",
  tail_high: "has another share of its largest values",
};

export function hideFinding(finding: ReadinessFinding, contract: Contract): ReadinessFinding {
  const { field = "", kind } = finding;
  const own = classesOf(contract).get(field);
  if (own === undefined) return finding;
  const { picture: _, ...rest } = finding;
  const what = withoutValues[kind];
  return what === undefined
    ? rest
    : { ...rest, sentence: `${field} ${what}. It is of class ${own}: values are not shown.` };
}
