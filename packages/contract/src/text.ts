/** Text in fields of ours: what may stand in a name, and what in a sentence that people read. */
import { z } from "zod";

/** A name or key: one line without control characters, which no store, log or terminal could show faithfully. */
export const nameText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    // oxlint-disable-next-line no-control-regex -- these are what it refuses; \p{Cc} would need a flag that JSON Schema lacks
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, "must hold no control characters");

/** Prose by a person or a model: tabs and line breaks are welcome, other control characters are not. */
export const proseText = (max: number) =>
  z
    .string()
    .max(max)
    // oxlint-disable-next-line no-control-regex -- as above
    .regex(
      /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$/,
      "must hold no control characters but line breaks and tabs",
    );
