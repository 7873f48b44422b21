/** Turns an HTTP answer into the operation's output, or into the one error type. */
import { AirworthyError, ErrorBody, type ErrorCode, type Route } from "@airworthy/contract";

/** An answer that has arrived whole. */
export type WireAnswer = { readonly ok: boolean; readonly status: number; readonly text: string };

/** Reads the answer by the operation's schema. Throws AirworthyError for everything that is not a valid output. */
export function readAnswer(route: Route, answer: WireAnswer): unknown {
  const body = parseJson(answer.text);
  if (!answer.ok) throw errorOf(route, answer.status, body);
  const output = route.output.safeParse(body);
  if (output.success) return output.data;
  const issue = output.error.issues[0];
  throw new AirworthyError("internal", `${nameOf(route)} answered something its description does not allow.`, {
    place: issue === undefined ? "answer" : `${issue.path.map(String).join(".") || "answer"}: ${issue.message}`,
    fix: "Use a client of the server's version.",
  });
}

/** The connection failed: whether the request arrived is not known, and the same request may be sent again. */
export function unreachable(route: Route, cause: unknown): AirworthyError {
  return new AirworthyError("unavailable", `${nameOf(route)}: the server could not be reached (${causeOf(cause)}).`, {
    retryable: true,
    fix: "Check that the server runs and that its address is right.",
    cause,
  });
}

function errorOf(route: Route, status: number, body: unknown): AirworthyError {
  const parsed = ErrorBody.safeParse(body);
  if (parsed.success) {
    const { code, message, retryable, place, fix } = parsed.data;
    return new AirworthyError(code, message, {
      retryable,
      ...(place === undefined ? {} : { place }),
      ...(fix === undefined ? {} : { fix }),
    });
  }
  const { code, retryable } = guessByStatus(status);
  return new AirworthyError(code, `${nameOf(route)} was answered with HTTP ${status}, not by Airworthy.`, {
    retryable,
    fix: "Check the address, and any proxy in between.",
  });
}

/** A proxy in between answers in its own words; its status is all there is to go by. */
function guessByStatus(status: number): { readonly code: ErrorCode; readonly retryable: boolean } {
  if (status === 401) return { code: "unauthenticated", retryable: false };
  if (status === 403) return { code: "forbidden", retryable: false };
  if (status === 404) return { code: "not_found", retryable: false };
  if (status === 413) return { code: "too_large", retryable: false };
  if (status === 429 || status === 502 || status === 503 || status === 504) {
    return { code: "unavailable", retryable: true };
  }
  return { code: "internal", retryable: false };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const nameOf = (route: Route): string => `${route.method} ${route.path}`;

/** `fetch` says "fetch failed" and hides the reason one level down. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown cause";
  const inner = error.cause;
  if (!(inner instanceof Error)) return error.message;
  return "code" in inner && typeof inner.code === "string" ? inner.code : inner.message;
}
