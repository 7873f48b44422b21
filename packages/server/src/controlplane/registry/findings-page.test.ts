/** Writes the reference page of finding codes from their table, and fails when the page is older: `vitest -u` renews it. */
import { expect, test } from "vitest";

import { findingCodes } from "./finding-codes.ts";

const chapters = [
  ["AW10", "Reading documents"],
  ["AW11", "Names that must exist"],
  ["AW12", "Tools and connectors"],
  ["AW13", "Facts, probes, compensations and budgets"],
  ["AW14", "Models and secrets"],
  ["AW15", "Policies and their tests"],
  ["AW16", "Source contracts"],
  ["AW18", "Lineage, compensations and recalls"],
  ["AW19", "Sources that bring records in"],
] as const;

const intro = `# Findings

\`airworthy check\` reads a folder of configuration offline and reports everything at once: each finding with its file, line
and column, and a code. Codes keep their meaning for ever; a code that is no longer used is not given again. An error keeps
a configuration from being planned or applied; a warning does not.

This page is written from \`packages/server/src/controlplane/registry/finding-codes.ts\`; change it there.
`;

function renderPage(): string {
  const parts = chapters.map(([prefix, title]) => {
    const rows = Object.entries(findingCodes)
      .filter(([code]) => code.startsWith(prefix))
      .map(([code, { severity, meaning, fix }]) =>
        [code, severity, meaning, fix].map((cell) => cell.replaceAll("|", String.raw`\|`)),
      );
    return `## ${title}\n\n${renderTable([["code", "severity", "meaning", "fix"], ...rows])}\n`;
  });
  return `${intro}\n${parts.join("\n")}`;
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [head = "", ...body] = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  return [head, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body].join("\n");
}

test("docs/reference/findings.md is the table of codes", async () => {
  await expect(renderPage()).toMatchFileSnapshot("../../../../../docs/reference/findings.md");
});
