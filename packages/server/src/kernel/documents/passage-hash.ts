/** What a citation names: the text of a passage, wherever it stands and however its lines are broken. */
import { sha256Hex } from "../canonical.ts";
import { oneLine } from "./clean-text.ts";

/** SHA-256 in hex of the text with every run of blanks made one. The text is clean already. */
export const passageHash = (text: string): string => sha256Hex(oneLine(text));
