/** The two arguments that let an unmodified model say how sure it is and why, added to a tool and taken off again. */
import type { Json, JsonObject } from "@airworthy/contract";

import { metaKey, type McpToolDefinition } from "../../dataplane/5-execution/connectors/mcp-wire.ts";
import { isJsonObject } from "../../kernel/json.ts";

export { toolDigest } from "../../dataplane/5-execution/connectors/mcp-tool-digest.ts";

const maxRationale = 2000;
const claims: Readonly<Record<"_confidence" | "_rationale", JsonObject>> = {
  _confidence: {
    type: "number",
    minimum: 0,
    maximum: 1,
    description:
      "Optional. How likely it is, from 0 to 1, that this exact call is the right thing to do now, as you judge it. Be honest: it is compared with outcomes.",
  },
  _rationale: {
    type: "string",
    maxLength: maxRationale,
    description:
      "Optional. One to three sentences for the person who may review this call: why it is needed and which facts it rests on.",
  },
};

function propertiesOf(definition: McpToolDefinition): JsonObject | undefined {
  const { type, properties } = definition.inputSchema;
  if (type !== "object") return undefined;
  return isJsonObject(properties) ? properties : {};
}

/** The definition with `_confidence` and `_rationale` as optional arguments, where it takes an object and has no such names. */
export function addClaims(definition: McpToolDefinition): McpToolDefinition {
  const properties = propertiesOf(definition);
  if (!properties || "_confidence" in properties || "_rationale" in properties) return definition;
  return { ...definition, inputSchema: { ...definition.inputSchema, properties: { ...properties, ...claims } } };
}

export type StrippedArguments = {
  readonly arguments: JsonObject;
  readonly confidence?: number;
  readonly rationale?: string;
};

/** Control characters but tabs and line breaks, and the half of a pair that a cut may leave. */
const unprintable = /(?![\t\n\r])\p{Cc}|\p{Surrogate}/gu;
const readConfidence = (value: Json | undefined): number | undefined =>
  typeof value === "number" && value >= 0 && value <= 1 ? value : undefined;
const readRationale = (value: Json | undefined): string | undefined =>
  typeof value === "string" && value.length > 0
    ? value.slice(0, maxRationale).replaceAll(unprintable, "\ufffd")
    : undefined;

/**
 * The arguments as the upstream may see them, and the claims beside. Give the tool's own definition, so that arguments
 * of these names that are its own stay. A claim of the wrong type is dropped; it never fails the call.
 */
export function stripClaims(
  args: JsonObject,
  from: { meta?: Json | undefined; definition?: McpToolDefinition | undefined } = {},
): StrippedArguments {
  const own = from.definition ? propertiesOf(from.definition) : undefined;
  const hasOwn = own !== undefined && ("_confidence" in own || "_rationale" in own);
  const { _confidence, _rationale, ...rest } = args;
  const said: JsonObject = hasOwn ? {} : args;
  const meta = isJsonObject(from.meta) ? from.meta : {};
  const confidence = readConfidence(said["_confidence"]) ?? readConfidence(meta[metaKey.confidence]);
  const rationale = readRationale(said["_rationale"]) ?? readRationale(meta[metaKey.rationale]);
  return {
    arguments: hasOwn ? args : rest,
    ...(confidence !== undefined && { confidence }),
    ...(rationale !== undefined && { rationale }),
  };
}
