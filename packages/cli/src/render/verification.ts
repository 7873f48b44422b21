/** The outcome of a ledger verification: what was checked, and each fault with its exact place. */
import type { LedgerFault, LedgerVerification } from "@airworthy/contract";

import { clean } from "../text/clean.ts";
import type { Paint } from "../text/paint.ts";
import { countText } from "../text/value.ts";

export function renderVerification(found: LedgerVerification, paint: Paint): string {
  const checked = [
    countText(found.entries, "entry", "entries"),
    countText(found.chains, "chain"),
    countText(found.checkpoints, "checkpoint"),
    `${found.erased} erased on purpose`,
  ].join(", ");
  const verdict = found.ok
    ? `${paint.green("intact")}  ${checked}`
    : `${paint.red("broken")}  ${checked}; ${countText(found.faultCount, "fault")}:`;
  const unnamed = found.faultCount - found.faults.length;
  const rest = unnamed > 0 ? [`  and ${unnamed} more`] : [];
  return [verdict, ...found.faults.map((fault) => `  ${faultText(fault)}`), ...rest]
    .map((line) => `${line}\n`)
    .join("");
}

function faultText(fault: LedgerFault): string {
  const place = fault.seq === undefined ? fault.chain : `${fault.chain} entry ${fault.seq}`;
  return clean(`${place}, ${fault.field}: ${fault.detail}`);
}
