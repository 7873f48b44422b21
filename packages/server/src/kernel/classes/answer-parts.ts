/** The parts of an answer that are looked at by themselves: an MCP result says the same for programs and for models. */
import { Buffer } from "node:buffer";

import type { Json } from "@airworthy/contract";

import { isJsonArray, isJsonObject, parseJsonStrict } from "../json.ts";

/** `isRoot`: declared fields are paths into it. */
export type AnswerPart = { readonly place: string; readonly root: Json; readonly isRoot: boolean };

const hidden = "[not shown: it cannot be searched for personal data]";

/** The members in which MCP says things for models: of a tool's result, and of a resource. */
const lists = ["content", "contents"] as const;

/** Of an MCP result its structured content, each text (as JSON where it is), and all the rest; of others the result. */
export function partsOf(result: Json, mcp: boolean): AnswerPart[] {
  if (!mcp || !isJsonObject(result)) return [{ place: "", root: result, isRoot: true }];
  const { structuredContent, content, contents, ...others } = result;
  const parts: AnswerPart[] = [{ place: "rest", root: others, isRoot: false }];
  if (structuredContent !== undefined)
    parts.push({ place: "structuredContent", root: structuredContent, isRoot: true });
  for (const [name, list] of [
    ["content", content],
    ["contents", contents],
  ] as const) {
    if (list === undefined) continue;
    if (isJsonArray(list)) parts.push(...list.map((part, at) => partOf(part, `${name}.${at}`)));
    else parts.push({ place: name, root: list, isRoot: false });
  }
  return parts;
}

function partOf(part: Json, place: string): AnswerPart {
  const text = isJsonObject(part) && part["type"] === "text" ? part["text"] : undefined;
  const structure = typeof text === "string" ? readStructure(text) : undefined;
  return structure === undefined
    ? { place, root: withoutBytes(part), isRoot: false }
    : { place, root: structure, isRoot: true };
}

function readStructure(text: string): Json | undefined {
  try {
    const value = parseJsonStrict(Buffer.from(text));
    return isJsonObject(value) || isJsonArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Pictures and files cannot be looked into, and their letters look like anything. */
function withoutBytes(part: Json): Json {
  if (!isJsonObject(part)) return part;
  const { data: _data, blob: _blob, resource, ...rest } = part;
  return resource === undefined ? rest : { ...rest, resource: withoutBytes(resource) };
}

/** The result with these parts in place of its own. `hidesWhole`: what cannot be looked into might tell what is hidden. */
export function putTogether(
  result: Json,
  parts: readonly { readonly place: string; readonly root: Json }[],
  { hidesWhole }: { readonly hidesWhole: boolean },
): Json {
  const at = new Map(parts.map(({ place, root }) => [place, root]));
  const whole = at.get("");
  if (whole !== undefined || !isJsonObject(result)) return whole ?? result;
  const rest = at.get("rest");
  const structured = at.get("structuredContent");
  const shown = lists.flatMap((name): [string, Json][] => {
    const list = result[name];
    if (list === undefined) return [];
    const given = isJsonArray(list)
      ? list.map((part, index) => restore(part, at.get(`${name}.${index}`), hidesWhole))
      : at.get(name);
    return given === undefined ? [] : [[name, given]];
  });
  return {
    ...(rest !== undefined && isJsonObject(rest) ? rest : {}),
    ...(structured === undefined ? {} : { structuredContent: structured }),
    ...Object.fromEntries(shown),
  };
}

function restore(part: Json, given: Json | undefined, hidesWhole: boolean): Json {
  if (given === undefined || !isJsonObject(part)) return given ?? part;
  const text = part["type"] === "text" ? part["text"] : undefined;
  if (typeof text === "string" && readStructure(text) !== undefined) {
    // Unchanged, it keeps the spaces it was written with.
    const isSame = JSON.stringify(readStructure(text)) === JSON.stringify(given);
    return isSame ? part : { ...part, text: JSON.stringify(given) };
  }
  if (!isJsonObject(given)) return part;
  return hidesWhole && holdsBytes(part) ? { type: "text", text: hidden } : withBytes(part, given);
}

const holdsBytes = (part: Json): boolean =>
  isJsonObject(part) &&
  (part["data"] !== undefined || part["blob"] !== undefined || holdsBytes(part["resource"] ?? null));

function withBytes(part: Json, given: Json): Json {
  if (!isJsonObject(part) || !isJsonObject(given)) return given;
  const { data, blob, resource } = part;
  return {
    ...given,
    ...(data === undefined ? {} : { data }),
    ...(blob === undefined ? {} : { blob }),
    ...(resource === undefined ? {} : { resource: withBytes(resource, given["resource"] ?? resource) }),
  };
}
