/** Takes values out of a result that the agent may not see, as the policy's obligation says. */
import { Buffer } from "node:buffer";

import type { Json } from "@airworthy/contract";

import { isJsonArray, isJsonObject, parseJsonStrict } from "../../kernel/json.ts";
import { parsePath } from "../../kernel/path.ts";

const hidden = "[hidden by policy]";

/** A copy of the result in which the value at each path reads `[hidden by policy]`; absent paths change nothing. */
export function maskResult(result: Json, paths: readonly string[]): Json {
  return paths.reduce<Json>((masked, path) => hide(masked, parsePath(path).steps), result);
}

/**
 * The same for an MCP result, whose values stand in its structured content and again, as JSON, in its texts. What cannot
 * be looked into (a sentence, a picture) might tell the value and is hidden whole.
 */
export function maskMcpResult(result: Json, paths: readonly string[]): Json {
  const masked = maskResult(result, paths);
  if (paths.length === 0 || !isJsonObject(masked)) return masked;
  const { structuredContent, content } = masked;
  return {
    ...masked,
    ...(structuredContent === undefined ? {} : { structuredContent: maskResult(structuredContent, paths) }),
    ...(isJsonArray(content) ? { content: content.map((part) => maskPart(part, paths)) } : {}),
  };
}

function maskPart(part: Json, paths: readonly string[]): Json {
  const text = isJsonObject(part) && part["type"] === "text" ? part["text"] : undefined;
  const value = typeof text === "string" ? readStructure(text) : undefined;
  return { type: "text", text: value === undefined ? hidden : JSON.stringify(maskResult(value, paths)) };
}

function readStructure(text: string): Json | undefined {
  try {
    const value = parseJsonStrict(Buffer.from(text));
    return isJsonObject(value) || isJsonArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

type Steps = ReturnType<typeof parsePath>["steps"];

function hide(value: Json, [step, ...rest]: Steps): Json {
  if (step === undefined) return hidden;
  if (isJsonArray(value)) {
    const meant = (index: number): boolean => step.kind === "all" || (step.kind === "index" && step.index === index);
    return value.map((item, index) => (meant(index) ? hide(item, rest) : item));
  }
  if (isJsonObject(value) && step.kind === "name" && Object.hasOwn(value, step.name)) {
    return { ...value, [step.name]: hide(value[step.name] ?? null, rest) };
  }
  return value;
}
