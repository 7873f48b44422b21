/** Quarantined records, as a table and one by one. */
import type { Quarantined, QuarantinedDetail } from "@airworthy/contract";

import { clean } from "../text/clean.ts";
import { ageText, relativeText } from "../text/moment.ts";
import type { Paint } from "../text/paint.ts";
import { renderTable } from "../text/table.ts";

type Look = { readonly paint: Paint; readonly width: number; readonly now: number };

export function renderQuarantine(quarantined: readonly Quarantined[], look: Look): string {
  if (quarantined.length === 0) return "Nothing stands in quarantine.\n";
  return renderTable(
    [
      { title: "ID" },
      { title: "AGE", align: "right" },
      { title: "SOURCE", shrinks: true },
      { title: "RECORD", shrinks: true },
      { title: "FIELD", shrinks: true },
      { title: "EXPECTED", shrinks: true },
      { title: "FOUND", shrinks: true },
      { title: "TIMES", align: "right" },
    ],
    quarantined.map((one) => {
      const [fault] = one.faults;
      const more = one.faults.length > 1 ? ` (+${one.faults.length - 1})` : "";
      return [
        one.id,
        ageText(one.heldAt, look.now),
        clean(one.tool ?? one.connector),
        clean(recordText(one)),
        clean(`${fault?.field ?? ""}${more}`),
        clean(fault?.expected ?? ""),
        clean(fault?.found ?? ""),
        String(one.times),
      ];
    }),
    { width: look.width, title: look.paint.dim },
  );
}

function recordText({ record, key, number }: Quarantined): string {
  const name = [record, key].filter((part) => part !== undefined).join(" ");
  return name === "" ? `number ${number ?? "?"}` : name;
}

export function renderQuarantined(one: QuarantinedDetail, { paint, now }: Look): string {
  const from = one.tool === undefined ? `source ${one.connector}` : `an answer of ${one.tool}`;
  const contract = one.contract === undefined ? "" : `, contract ${one.contract.name} version ${one.contract.version}`;
  const batch = one.batch === undefined ? "" : `, batch ${one.batch}, number ${one.number ?? "?"}`;
  const faults = one.faults.map(
    ({ field, expected, found }) => `  ${clean(field)}: expected ${clean(expected)}, found ${clean(found)}\n`,
  );
  const decided = one.decision
    ? `${one.state} by ${clean(one.decision.by)}, ${relativeText(one.decision.at, now)}: ${clean(one.decision.reason)}\n`
    : `held, ${relativeText(one.heldAt, now)}${one.times > 1 ? `, came ${one.times} times` : ""}\n`;
  const value = JSON.stringify(one.value, null, 2)
    .split("\n")
    .map((line) => `  ${clean(line)}\n`)
    .join("");
  return `${paint.bold(one.id)}  ${clean(recordText(one))}\n${clean(`${from}${contract}${batch}`)}\n${decided}\n${faults.join("")}\n${value}`;
}
