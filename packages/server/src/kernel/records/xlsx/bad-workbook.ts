/** Refuses a workbook as a whole, with what is wrong and what to do about it. */
import { AirworthyError } from "@airworthy/contract";

type Why = { readonly says: string; readonly fix: string; readonly cause?: unknown };

export function badWorkbook(path: string, { says, fix, cause }: Why): AirworthyError {
  return new AirworthyError("invalid_input", `${path} ${says}.`, { fix, ...(cause === undefined ? {} : { cause }) });
}
