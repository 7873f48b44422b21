/** Enforces a contract on a file: what is as agreed goes on, what is not is set aside with its reasons; the file itself stays as it is. */
import type { ContractCheck, RecordFault, SourceContractDocument } from "@airworthy/contract";

import { suggestName } from "../registry/nearest-name.ts";
import { createRecordChecker } from "../../kernel/records/check-record.ts";
import { createLineFile } from "./line-file.ts";
import { isTextOnly } from "../../kernel/records/is-text-only.ts";
import { readFormed, type FormedOptions } from "../../kernel/records/read-formed.ts";
import { showValue } from "../../kernel/records/show-value.ts";

export type CheckOptions = Pick<FormedOptions, "form" | "onProgress"> & {
  readonly contract: SourceContractDocument;
  /** Where offending records go, whole, one JSON document a line, for their owner alone. Made when there is one. */
  readonly quarantine: string;
  /** Where the others go, as they stood in the file. */
  readonly accepted?: string;
};

const faultsShown = 100;
/** Different ways to fault are few; a bound all the same. */
const countsMax = 10_000;

/** @throws AirworthyError when the file cannot be read to its end, or the quarantine not be written. */
export async function checkSource(path: string, options: CheckOptions): Promise<ContractCheck> {
  const { contract, onProgress } = options;
  const setAside = createLineFile(options.quarantine);
  const goesOn = options.accepted === undefined ? undefined : createLineFile(options.accepted);
  const tally = createTally(contract);
  let check = createRecordChecker(contract, true);
  const taken = { accepted: 0, quarantined: 0 };
  const refuse = (faults: readonly RecordFault[], raw: string | undefined): void => {
    taken.quarantined += 1;
    tally.add(faults);
    setAside.write(JSON.stringify({ record: faults[0]?.record, contract: contract.name, faults, raw }));
  };
  try {
    await readFormed(
      path,
      {
        record: (record) => {
          const faults = check(record);
          if (faults.length > 0) refuse(faults, record.raw);
          else {
            taken.accepted += 1;
            goesOn?.write(record.raw ?? "");
          }
        },
        unreadable: ({ number, why, raw }) =>
          refuse([{ record: number, field: "(record)", expected: why, found: showValue(raw) }], raw),
      },
      {
        keepRaw: true,
        contract,
        ...(options.form === undefined ? {} : { form: options.form }),
        ...(onProgress === undefined ? {} : { onProgress }),
        onFormat: (format) => {
          check = createRecordChecker(contract, isTextOnly(format));
        },
        onHeader: (header) => goesOn?.write(header),
      },
    );
  } finally {
    setAside.close();
    goesOn?.close();
  }
  return {
    ok: taken.quarantined === 0,
    contract: { name: contract.name, version: contract.version },
    file: path,
    records: taken.accepted + taken.quarantined,
    ...taken,
    ...tally.result(),
    ...(setAside.isWritten() ? { quarantine: options.quarantine } : {}),
  };
}

function createTally(contract: SourceContractDocument) {
  const faults: RecordFault[] = [];
  const counts = new Map<string, { field: string; expected: string; records: number }>();
  const unlisted = new Set<string>();
  return {
    add: (more: readonly RecordFault[]): void => {
      for (const fault of more) {
        if (faults.length < faultsShown) faults.push(fault);
        if (fault.expected === "no such field") unlisted.add(fault.field);
        const key = `${fault.field}\n${fault.expected}`;
        const known = counts.get(key);
        if (known !== undefined) known.records += 1;
        else if (counts.size < countsMax) counts.set(key, { field: fault.field, expected: fault.expected, records: 1 });
      }
    },
    result: () => ({
      faults,
      counts: [...counts.values()]
        .toSorted((left, right) => right.records - left.records)
        .map((count) => ({ ...count, ...renamed(count, { contract, unlisted }) })),
    }),
  };
}

/** A listed field that is missing, and an unlisted one with nearly its name, are one that was renamed. */
function renamed(
  { field, expected }: { readonly field: string; readonly expected: string },
  known: { readonly contract: SourceContractDocument; readonly unlisted: ReadonlySet<string> },
): { readonly hint?: string } {
  const isMissing = expected === "a value" && known.unlisted.size > 0;
  if (!isMissing && expected !== "no such field") return {};
  const candidates = isMissing ? known.unlisted : known.contract.fields.map(({ name }) => name);
  const hint = suggestName(field, candidates);
  if (hint?.startsWith("did you mean") !== true) return {};
  const other = hint.replace(/^did you mean |\?$/g, "");
  return { hint: isMissing ? `renamed to ${other}?` : `renamed from ${other}?` };
}
