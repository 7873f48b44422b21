/** Names the columns of a table by the cells of one line, each once. */
import { AirworthyError } from "@airworthy/contract";

/** `line` says which line it is, as a sentence begins. @throws AirworthyError `invalid_input` for a name that is missing or there twice. */
export function nameColumns(line: string, cells: readonly string[]): readonly string[] {
  const names = cells.map((cell) => cell.trim());
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  const wrong = names.includes("") ? "has a column without a name" : twice && `names the column "${twice}" twice`;
  if (wrong === undefined) return names;
  throw new AirworthyError("invalid_input", `${line} ${wrong}.`, {
    fix: "Have one line that names each column once.",
  });
}
