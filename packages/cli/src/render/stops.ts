/** Stops as a table, and their scope in words. */
import type { Stop, StopMode, StopScope } from "@airworthy/contract";

import { clean } from "../text/clean.ts";
import { ageText, relativeText } from "../text/moment.ts";
import type { Paint } from "../text/paint.ts";
import { renderTable } from "../text/table.ts";

function scopeText(scope: StopScope): string {
  if (scope.kind === "all") return "everything";
  if (scope.kind === "entity") return clean(scope.entity);
  return clean(scope.kind === "agent" ? `agent ${scope.agent}` : `tool ${scope.tool}`);
}

const modeText: Record<StopMode, string> = { deny_all: "reads and writes", deny_writes: "writes" };

export const stopText = (stop: Stop): string => `${scopeText(stop.scope)} (${modeText[stop.mode]})`;

export function renderStops(
  stops: readonly Stop[],
  look: { readonly paint: Paint; readonly width: number; readonly now: number },
): string {
  if (stops.length === 0) return "Nothing is stopped.\n";
  return renderTable(
    [
      { title: "STOP" },
      { title: "AGE", align: "right" },
      { title: "SCOPE", shrinks: true },
      { title: "REFUSES" },
      { title: "BY", shrinks: true },
      { title: "REASON", shrinks: true },
      { title: "LIFTED", shrinks: true },
    ],
    stops.map((stop) => [
      stop.id,
      ageText(stop.at, look.now),
      scopeText(stop.scope),
      modeText[stop.mode],
      clean(stop.by),
      clean(stop.reason),
      stop.liftedAt === undefined
        ? { text: "in force", paint: look.paint.red }
        : clean(`${relativeText(stop.liftedAt, look.now)}${stop.liftedBy === undefined ? "" : ` by ${stop.liftedBy}`}`),
    ]),
    { width: look.width, title: look.paint.dim },
  );
}
