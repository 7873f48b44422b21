/** Reads the texts that cells of a workbook share. They are kept in memory, so there is a limit to them. */
import { badWorkbook } from "./bad-workbook.ts";
import type { Parts } from "./open-parts.ts";
import { readXml } from "./read-xml.ts";
import { createTextTaker } from "./take-text.ts";

const countMax = 2_000_000;
const lengthMax = 64 * 1024 ** 2;

/** @throws AirworthyError `invalid_input` where they are too many. */
export async function readStrings(file: string, parts: Parts, part: string | undefined): Promise<readonly string[]> {
  const strings: string[] = [];
  if (part === undefined) return strings;
  let length = 0;
  const taker = createTextTaker((text) => {
    strings.push(text);
    length += text.length;
    if (strings.length > countMax || length > lengthMax) {
      const says = "holds more text than is kept in memory";
      throw badWorkbook(file, { says, fix: "Send so much data as CSV." });
    }
  }, "si");
  await readXml(parts.read(part), taker);
  return strings;
}
