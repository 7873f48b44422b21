/** A place in a configuration file, and the paths that lead to it. */

/** Lines and columns count from 1, in UTF-16 units; `length` stays within the line and is at least 1. */
export type Place = { readonly line: number; readonly column: number; readonly length: number };

/** Keys and indexes from the root of one document to a value. */
export type DataPath = readonly (string | number)[];

/** Finds places in one document. A path that leads nowhere gives the nearest place above it. */
export type Locator = {
  readonly value: (path: DataPath) => Place;
  readonly key: (path: DataPath) => Place;
  /** The first occurrence of `text` within the value, else the value. */
  readonly text: (path: DataPath, text: string) => Place;
};

export const startOfFile: Place = { line: 1, column: 1, length: 1 };

/** `lineStarts[n]` is the offset at which line n + 1 begins. */
export type SourceText = { readonly file: string; readonly text: string; readonly lineStarts: readonly number[] };
