/** `x-mcp-header`: which arguments of a tool travel as `Mcp-Param-*` headers too, sent by one side and verified by the other. */
import type { Json, JsonObject } from "@airworthy/contract";

import { isJsonObject } from "../../../kernel/json.ts";
import { decodeHeaderValue, encodeHeaderValue } from "./mcp-wire.ts";

export type ParamHeader = { readonly path: readonly string[]; readonly header: string; readonly type: string };

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const admittedTypes = new Set(["string", "integer", "boolean"]);
const decimal = /^-?\d+(\.\d+)?$/;

/** Where a schema may hide further schemas that no chain of `properties` reaches. */
const unreachable = [
  "items",
  "prefixItems",
  "contains",
  "additionalProperties",
  "unevaluatedProperties",
  "unevaluatedItems",
  "propertyNames",
  "patternProperties",
  "dependentSchemas",
  "oneOf",
  "anyOf",
  "allOf",
  "not",
  "if",
  "then",
  "else",
  "$defs",
  "definitions",
];

function declaresAnywhere(node: Json | undefined): boolean {
  if (Array.isArray(node)) return node.some((item: Json) => declaresAnywhere(item));
  if (!isJsonObject(node)) return false;
  return "x-mcp-header" in node || Object.values(node).some((value) => declaresAnywhere(value));
}

function readDeclaration(schema: JsonObject, path: readonly string[]): ParamHeader | undefined {
  const header = schema["x-mcp-header"];
  const type = schema["type"];
  if (typeof header !== "string" || !token.test(header)) return undefined;
  if (typeof type !== "string" || !admittedTypes.has(type) || path.length === 0) return undefined;
  return { path, header, type };
}

function collect(schema: Json, path: readonly string[], found: ParamHeader[]): boolean {
  if (!isJsonObject(schema)) return true;
  if ("x-mcp-header" in schema) {
    const declared = readDeclaration(schema, path);
    if (!declared || found.some((other) => other.header.toLowerCase() === declared.header.toLowerCase())) return false;
    found.push(declared);
  }
  if (unreachable.some((keyword) => declaresAnywhere(schema[keyword]))) return false;
  const properties = schema["properties"];
  if (!isJsonObject(properties)) return true;
  return Object.entries(properties).every(([name, child]) => collect(child, [...path, name], found));
}

/** The declared headers of an input schema; undefined when a declaration breaks the rules, which makes the tool unusable. */
export function paramHeadersOf(inputSchema: JsonObject): readonly ParamHeader[] | undefined {
  const found: ParamHeader[] = [];
  return collect(inputSchema, [], found) ? found : undefined;
}

function valueAt(root: JsonObject, path: readonly string[]): Json | undefined {
  let node: Json | undefined = root;
  for (const step of path) {
    if (!isJsonObject(node) || !Object.hasOwn(node, step)) return undefined;
    node = node[step];
  }
  return node;
}

function asText(value: Json | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "number" || (Number.isInteger(value) && !Number.isSafeInteger(value))) return undefined;
  return String(value);
}

/** The `Mcp-Param-*` headers a call must carry for these arguments. */
export function paramHeadersFor(declared: readonly ParamHeader[], args: JsonObject): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { path, header } of declared) {
    const text = asText(valueAt(args, path));
    if (text !== undefined) headers[`mcp-param-${header.toLowerCase()}`] = encodeHeaderValue(text);
  }
  return headers;
}

function agrees(declared: ParamHeader, header: string, value: Json | undefined): boolean {
  const decoded = decodeHeaderValue(header);
  if (decoded === undefined) return false;
  if (declared.type === "integer" && typeof value === "number" && decimal.test(decoded))
    return Number(decoded) === value;
  return decoded === asText(value);
}

/** One sentence about the first `Mcp-Param-*` header that is missing or differs from the arguments; undefined when all agree. */
export function paramHeaderMismatch(
  declared: readonly ParamHeader[],
  args: JsonObject,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string | undefined {
  for (const one of declared) {
    const value = valueAt(args, one.path);
    if (asText(value) === undefined) continue;
    const header = headers[`mcp-param-${one.header.toLowerCase()}`];
    const place = `the Mcp-Param-${one.header} header and the argument ${one.path.join(".")}`;
    if (typeof header !== "string") return `${place} disagree: the header is missing`;
    if (!agrees(one, header, value)) return `${place} disagree`;
  }
  return undefined;
}
