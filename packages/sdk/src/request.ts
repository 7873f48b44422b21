/** Turns one operation and its input into an HTTP request, by the table alone. */
import { AirworthyError, type Route } from "@airworthy/contract";

/** What is sent. `url` is absolute; `body` is JSON text or absent. */
export type WireRequest = {
  readonly method: Route["method"];
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** Who is asking, and where. */
export type Caller = {
  /** Where the server answers; a path prefix is kept. */
  readonly baseUrl: string;
  readonly key?: string | undefined;
  readonly tenant?: string | undefined;
  readonly onBehalfOf?: string | undefined;
};

const placeholder = /\{([a-zA-Z]+)\}/g;

/** Builds the request. Throws `invalid_input` when the input does not fit the operation: nothing was sent then. */
export function buildRequest(route: Route, input: Readonly<Record<string, unknown>>, caller: Caller): WireRequest {
  assertFits(route, input);
  const inPath = new Set<string>();
  const path = route.path.replaceAll(placeholder, (_, name: string) => {
    inPath.add(name);
    return encodePathSegment(name, input[name]);
  });
  const rest = Object.entries(input).filter(([name, value]) => !inPath.has(name) && value !== undefined);
  const headers = headersOf(caller);
  const url = `${trimSlashes(caller.baseUrl)}${path}`;
  if (route.method === "POST") {
    const body = JSON.stringify(Object.fromEntries(rest));
    return { method: route.method, url, headers: { ...headers, "content-type": "application/json" }, body };
  }
  const query = new URLSearchParams();
  for (const [name, value] of rest) query.set(name, queryText(value));
  return { method: route.method, url: rest.length > 0 ? `${url}?${query.toString()}` : url, headers };
}

function headersOf(caller: Caller): Record<string, string> {
  return {
    accept: "application/json",
    ...(caller.key === undefined ? {} : { authorization: `Bearer ${caller.key}` }),
    ...(caller.tenant === undefined ? {} : { "airworthy-tenant": caller.tenant }),
    ...(caller.onBehalfOf === undefined ? {} : { "airworthy-on-behalf-of": caller.onBehalfOf }),
  };
}

function assertFits(route: Route, input: Readonly<Record<string, unknown>>): void {
  const checked = route.input.safeParse(input);
  if (checked.success) return;
  const issue = checked.error.issues[0];
  const place = issue === undefined ? "" : issue.path.map(String).join(".");
  throw new AirworthyError("invalid_input", `${route.method} ${route.path}: ${issue?.message ?? "does not fit"}`, {
    place: place === "" ? "input" : place,
    fix: "Correct the named value; nothing was sent.",
  });
}

/** A dot segment would be folded away by the URL parser and reach another operation, so it is refused, not encoded. */
function encodePathSegment(name: string, value: unknown): string {
  const text = typeof value === "string" ? value : "";
  if (text === "" || text === "." || text === "..") {
    throw new AirworthyError("invalid_input", `The path needs a ${name}.`, { place: name, fix: `Give ${name}.` });
  }
  return encodeURIComponent(text);
}

const queryText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function trimSlashes(url: string): string {
  let end = url.length;
  while (end > 0 && url[end - 1] === "/") end -= 1;
  return url.slice(0, end);
}
