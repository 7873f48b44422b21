/** Samples a file of good records under its contract, to be the baseline that production is held against. */
import type { KeptSample, SourceContractDocument } from "@airworthy/contract";

import { createRecordChecker } from "../../kernel/records/check-record.ts";
import { createContractSampler } from "./contract-sampler.ts";
import { keepSample } from "./keep-sample.ts";
import { isTextOnly } from "../../kernel/records/is-text-only.ts";
import { readRecords } from "../../kernel/records/read-records.ts";
import type { ReadOptions } from "../../kernel/records/read-records.ts";

/** The same file gives the same sample. */
const seed = 1;

/** @throws AirworthyError when the file is not there, or is no file of records. */
export async function sampleBaseline(
  path: string,
  contract: SourceContractDocument,
  options: Pick<ReadOptions, "onProgress"> = {},
): Promise<KeptSample> {
  const sampler = createContractSampler(contract, seed);
  let untyped = true;
  let check = createRecordChecker(contract, untyped);
  await readRecords(
    path,
    {
      record: (record) => {
        const faults = check(record);
        if (faults.length > 0) sampler.quarantine(faults);
        else sampler.accept(record, untyped);
      },
      unreadable: ({ why }) => sampler.quarantine([{ field: "(record)", expected: why }]),
    },
    {
      ...options,
      onFormat: (format) => {
        untyped = isTextOnly(format);
        check = createRecordChecker(contract, untyped);
      },
    },
  );
  return keepSample(sampler.sample());
}
