/** Bars of block characters, to an eighth of a column. */

const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/** At most `columns` wide; anything above zero shows at least a sliver. */
export function bar(share: number, columns: number): string {
  const parts = Math.round(Math.min(1, Math.max(0, share)) * columns * 8);
  const shown = share > 0 ? Math.max(1, parts) : 0;
  return "█".repeat(Math.floor(shown / 8)) + (eighths[shown % 8] ?? "");
}

const heights = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** One character for each share, the largest at full height; a space where there is nothing. */
export function sparkline(shares: readonly number[]): string {
  const most = Math.max(...shares, 0);
  const sign = (share: number): string => heights[Math.min(7, Math.floor((share / most) * 8))] ?? "";
  return shares.map((share) => (share === 0 ? " " : sign(share))).join("");
}

/** `12 %`, `0.4 %`; short enough for a column. */
export function percentText(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return "<0.1 %";
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1)} %`;
}
