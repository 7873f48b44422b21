/** Whether a format knows text only, so that the contract says what a value is. */
import type { SourceFormat } from "./record-sink.ts";

export const isTextOnly = (format: SourceFormat): boolean => format === "csv" || format === "fixed";
