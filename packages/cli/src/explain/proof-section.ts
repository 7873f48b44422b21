/** Where the ledger holds this, so that anyone can check that nobody changed it. */
import type { Explanation } from "@airworthy/contract";

import { ageText } from "../text/moment.ts";
import { renderTable, type Column } from "../text/table.ts";
import { digestText } from "../text/value.ts";
import { indent, textLines, titleLine } from "./lines.ts";
import type { Look, Section } from "./look.ts";

const columns: readonly Column[] = [
  { title: "ENTRY" },
  { title: "NUMBER", align: "right" },
  { title: "AGE", align: "right" },
  { title: "HASH", shrinks: true },
  { title: "PREVIOUS", shrinks: true },
];

export const renderProof: Section = ({ proof }, look) => {
  if (proof.length === 0) return [titleLine("Proof", look), ...textLines("The ledger has no entry for it yet.", look)];
  const chains = [...new Set(proof.map((entry) => entry.chain))];
  return [
    titleLine("Proof", look),
    ...chains.flatMap((chain) => [...textLines(`chain ${chain}`, look), ...entryLines(chain, proof, look)]),
    ...textLines("Check all of it with: airworthy verify", look, { paint: look.paint.dim }),
  ];
};

function entryLines(chain: string, proof: Explanation["proof"], look: Look): readonly string[] {
  const rows = proof
    .filter((entry) => entry.chain === chain)
    .map((entry) => [
      entry.kind,
      String(entry.seq),
      ageText(entry.at, look.now),
      hashText(entry.hash),
      hashText(entry.previousHash),
    ]);
  const table = renderTable(columns, rows, { width: look.width - indent.length, title: look.paint.dim });
  return table
    .trimEnd()
    .split("\n")
    .map((line) => indent + line);
}

const hashText = (hash: string): string => digestText(hash.replace(/^sha256:/, ""));
