/** Reads what a tool answered, the way a language model would: the data if there is data, else the sense of the text. */
import { z } from "zod";

export type ToolResult = {
  readonly isError?: boolean | undefined;
  readonly structuredContent?: unknown;
  readonly content?: readonly { readonly type: string; readonly text?: string | undefined }[] | undefined;
};

/**
 * `changed`: a fact is not what it was, read it again and decide again. `pending`: not decided yet, repeat the identical
 * call later. `refused`: no.
 */
export type ToolAnswer =
  | { readonly kind: "data"; readonly data: unknown }
  | { readonly kind: "changed" | "pending" | "refused"; readonly text: string };

const PENDING = /repeat the (identical|same) call|\bpending\b|awaiting approval|waiting for approval/i;
const CHANGED = /\bchanged from\b|read (it |them )?again|re-?read/i;

export function readAnswer(result: ToolResult): ToolAnswer {
  const text = (result.content ?? []).flatMap((block) => (block.type === "text" ? [block.text ?? ""] : [])).join("\n");
  if (result.isError === true) return { kind: readMood(text), text };
  if (result.structuredContent !== undefined) return { kind: "data", data: result.structuredContent };
  try {
    return { kind: "data", data: JSON.parse(text) };
  } catch {
    return PENDING.test(text) ? { kind: "pending", text } : { kind: "data", data: text };
  }
}

/** "Repeat the identical call" wins over "changed": such a text explains what to do, and may mention both. */
function readMood(text: string): "changed" | "pending" | "refused" {
  if (/repeat the (identical|same) call/i.test(text)) return "pending";
  if (CHANGED.test(text)) return "changed";
  return PENDING.test(text) ? "pending" : "refused";
}

const looseRecord = z.record(z.string(), z.unknown());

/** The list in an answer, be it the answer itself or under one of the usual names. Rows that do not fit are left out. */
export function rowsOf<Row>(data: unknown, name: string, row: z.ZodType<Row>): Row[] {
  const record = looseRecord.safeParse(data);
  const places = record.success ? [name, "rows", "items", "result", "body"].map((key) => record.data[key]) : [data];
  const found = places.find((place) => place !== undefined);
  if (found !== undefined && !Array.isArray(found) && record.success) return rowsOf(found, name, row);
  return z
    .array(z.unknown())
    .catch([])
    .parse(found)
    .flatMap((item) => {
      const parsed = row.safeParse(item);
      return parsed.success ? [parsed.data] : [];
    });
}

/** The one record in an answer: the answer itself, or its first row. Undefined when nothing fits. */
export function recordOf<Row>(data: unknown, row: z.ZodType<Row>): Row | undefined {
  const record = looseRecord.safeParse(data);
  const inner = record.success ? (record.data["body"] ?? record.data["result"]) : undefined;
  for (const candidate of [data, inner]) {
    const parsed = row.safeParse(candidate);
    if (parsed.success) return parsed.data;
  }
  return rowsOf(data, "row", row)[0];
}
