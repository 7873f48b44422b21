/** Makes the HTTP request that a tool declares from its arguments. Arguments fill places; they never make new ones. */
import type { HttpTool, Json, JsonObject } from "@airworthy/contract";

import { isJsonArray } from "../../../kernel/json.ts";

export type HttpRequest = {
  readonly method: HttpTool["request"]["method"];
  /** Path and query, percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
};
/** Why the arguments do not fit the request; for the agent, so it names arguments and never their values. */
export type Misfit = { readonly misfit: string };

/** The request below `basePath`, or what is wrong with the arguments. */
export function buildHttpRequest(
  tool: HttpTool,
  given: JsonObject,
  { basePath, idempotencyKey }: { readonly basePath: string; readonly idempotencyKey: string },
): HttpRequest | Misfit {
  const { request, idempotency } = tool;
  // Ours goes last: an agent that passes the same name does not choose the key.
  const keyed = idempotency?.argument === undefined ? {} : { [idempotency.argument]: idempotencyKey };
  const values: JsonObject = { ...given, ...keyed };
  const path = fillPath(request.path, values);
  if (typeof path !== "string") return path;
  const query = fillQuery(request.query ?? [], values);
  if (typeof query !== "string") return query;
  const body = fillBody(tool, values);
  return {
    method: request.method,
    path: `${basePath}${path}${query}`,
    headers: {
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": "airworthy",
      ...(body === null ? {} : { "content-type": "application/json" }),
      ...(idempotency?.header === undefined ? {} : { [idempotency.header.toLowerCase()]: idempotencyKey }),
    },
    body,
  };
}

function fillPath(template: string, values: JsonObject): string | Misfit {
  let misfit: Misfit | undefined;
  const path = template.replaceAll(/\{([^{}]+)\}/g, (_, name: string) => {
    const text = scalarText(own(values, name));
    if (text === undefined || !isSafeSegment(text)) {
      misfit ??= { misfit: `The argument ${name} cannot stand in a path: it is missing, empty, or names a folder.` };
      return "";
    }
    return encodeURIComponent(text);
  });
  if (misfit !== undefined) return misfit;
  // Two harmless values side by side may still make a dot segment.
  if (path.split("/").some(isDots)) return { misfit: "The arguments would change the path of the request." };
  return path;
}

/** Whether the value stays one segment even at a server that decodes before it routes. */
function isSafeSegment(text: string): boolean {
  if (text === "" || /\p{Surrogate}/u.test(text) || /\p{Cc}/u.test(text)) return false;
  return !text.split(/[/\\]/).some(isDots);
}

function isDots(segment: string): boolean {
  return segment === "." || segment === "..";
}

function fillQuery(names: readonly string[], values: JsonObject): string | Misfit {
  const query = new URLSearchParams();
  for (const name of names) {
    const value = own(values, name);
    if (value === undefined || value === null) continue;
    for (const one of isJsonArray(value) ? value : [value]) {
      const text = scalarText(one);
      if (text === undefined) return { misfit: `The argument ${name} cannot stand in a query: it is an object.` };
      query.append(name, text);
    }
  }
  return query.size === 0 ? "" : `?${query.toString()}`;
}

function fillBody({ request, idempotency }: HttpTool, values: JsonObject): string | null {
  const names = new Set(request.body);
  const key = idempotency?.argument;
  const placed = key !== undefined && (request.path.includes(`{${key}}`) || request.query?.includes(key) === true);
  if (key !== undefined && !placed) names.add(key);
  if (request.body === undefined && names.size === 0) return null;
  const members = [...names].flatMap((name): [string, Json][] => {
    const value = own(values, name);
    return value === undefined ? [] : [[name, value]];
  });
  return JSON.stringify(Object.fromEntries(members));
}

function own(values: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function scalarText(value: Json | undefined): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
