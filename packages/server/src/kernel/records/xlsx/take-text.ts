/** Puts together the text of an element of a workbook: of its runs if it is rich text, without how it is pronounced. */
import { recordBytesMax } from "../record-sink.ts";
import type { XmlTaker } from "./read-xml.ts";

/** Longer than a record may be: whoever takes the text refuses it. */
const textMax = recordBytesMax + 1;

/** `within` is the element that holds one text: `si` of shared texts, `is` of a cell. */
export function createTextTaker(take: (text: string) => void, within: string): Required<XmlTaker> {
  let [text, isInText, isSpoken] = ["", false, false];
  return {
    open: (name) => {
      if (name === within) text = "";
      else if (name === "rPh") isSpoken = true;
      else if (name === "t") isInText = !isSpoken;
    },
    text: (piece) => {
      if (isInText && text.length < textMax) text += piece;
    },
    close: (name) => {
      if (name === within) take(unescapeText(text));
      else if (name === "rPh") isSpoken = false;
      else if (name === "t") isInText = false;
    },
  };
}

/** `_x000D_` is a carriage return: XML has no other way to say some characters (ECMA-376, ST_Xstring). */
export function unescapeText(text: string): string {
  if (!text.includes("_x")) return text;
  return text.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => {
    const unit = Number.parseInt(code, 16);
    // Half of a pair is no character, and no store keeps it.
    return unit >= 0xd800 && unit <= 0xdfff ? "\ufffd" : String.fromCodePoint(unit);
  });
}
