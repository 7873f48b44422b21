/**
 * Whether the contract says what a value is, as where a format knows text only. Of a sheet as well: people keep numbers as text
 * there, and names made of digits as numbers.
 */
import type { SourceFormat } from "./record-sink.ts";

export const isTextOnly = (format: SourceFormat): boolean =>
  format === "csv" || format === "fixed" || format === "xlsx";
