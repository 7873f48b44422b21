/** Checks the receipt of a recall without a server: the note and the ledger's public key are all it needs. */
import type { RecallReceipt } from "@airworthy/contract";

import { openReceipt } from "./kernel/recall-receipt.ts";
import { parseVerifierKey } from "./kernel/signed-note.ts";

/** `key`: the content of keys/ledger.pub. @throws AirworthyError `invalid_input` when the signature is not good. */
export function checkReceipt(note: string, key: string): RecallReceipt {
  return openReceipt(note, parseVerifierKey(key));
}
