/** Reads from a schema which keys may stand at a path, so that a misspelt one can be recognised. */
import { z } from "zod";

import type { DataPath } from "./place.ts";

type Schema = z.core.$ZodType;

/** The keys that any alternative of the schema knows at `path`; empty where any key may stand. */
export function knownKeys(schema: Schema, path: DataPath): string[] {
  let level = unwrap(schema);
  for (const step of path) level = level.flatMap((one) => childOf(one, step)).flatMap(unwrap);
  return level.flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : []));
}

function unwrap(schema: Schema): Schema[] {
  if (schema instanceof z.ZodOptional) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => unwrap(option));
  return [schema];
}

function childOf(schema: Schema, step: string | number): Schema[] {
  if (schema instanceof z.ZodArray) return [schema.element];
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  const child: unknown = schema instanceof z.ZodObject ? schema.shape[step] : undefined;
  return child instanceof z.core.$ZodType ? [child] : [];
}
