/** The receipt of a recall as a signed note: one line that says what it is, one with its content, and the signature. */
import { AirworthyError, type Json, RecallReceipt } from "@airworthy/contract";

import { canonicalJson } from "./canonical.ts";
import { type NoteSigner, type NoteVerifier, openNote, signNote } from "./signed-note.ts";

const firstLine = "airworthy recall receipt";

export function writeReceipt(receipt: RecallReceipt, signer: NoteSigner): string {
  const content: Json = JSON.parse(JSON.stringify(receipt));
  return signNote(`${firstLine}\n${canonicalJson(content)}\n`, signer);
}

/** What a note says, whoever signed it. @throws AirworthyError `invalid_input` when it is no receipt. */
export function readReceipt(note: string): RecallReceipt {
  const [first, content = ""] = note.split("\n", 2);
  if (first !== firstLine) throw noReceipt();
  try {
    return RecallReceipt.parse(JSON.parse(content));
  } catch {
    throw noReceipt();
  }
}

/** What the holder of the key signed. @throws AirworthyError `invalid_input` when the signature is not good. */
export function openReceipt(note: string, verifier: NoteVerifier): RecallReceipt {
  const text = openNote(note, verifier);
  if (text !== undefined) return readReceipt(text);
  throw new AirworthyError("invalid_input", "The receipt is not as it was signed, or was signed with another key.", {
    fix: "Take the receipt from the server again, and the key from keys/ledger.pub of its data folder.",
  });
}

function noReceipt(): AirworthyError {
  return new AirworthyError("invalid_input", "This is not the receipt of a recall.", {
    fix: "Write one with `airworthy recall receipt ID -o FILE`.",
  });
}
