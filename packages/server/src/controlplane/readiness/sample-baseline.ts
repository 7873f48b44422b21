/** Samples a file of good records under its contract, to be the baseline that production is held against. */
import type { KeptSample, SourceContractDocument } from "@airworthy/contract";

import { createRecordChecker } from "../../kernel/records/check-record.ts";
import { createContractSampler } from "./contract-sampler.ts";
import { keepSample } from "./keep-sample.ts";
import { isTextOnly } from "../../kernel/records/is-text-only.ts";
import { readFormed, type FormedOptions } from "../../kernel/records/read-formed.ts";

/** The same file gives the same sample. */
const seed = 1;

/** @throws AirworthyError when the file is not there, or is no file of records. */
export async function sampleBaseline(
  path: string,
  contract: SourceContractDocument,
  options: Pick<FormedOptions, "onProgress" | "form"> = {},
): Promise<KeptSample> {
  const sampler = createContractSampler(contract, seed);
  let untyped = true;
  let check = createRecordChecker(contract, untyped);
  await readFormed(
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
      contract,
      onFormat: (format) => {
        untyped = isTextOnly(format);
        check = createRecordChecker(contract, untyped);
      },
    },
  );
  return keepSample(sampler.sample());
}
