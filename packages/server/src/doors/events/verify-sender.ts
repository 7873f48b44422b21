/** Proves that an event comes from whom the configuration says: by a signature over its body, or by a bearer token. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

import type { SecretRef, WebhookConnector } from "@airworthy/contract";

import { sha256Hex } from "../../kernel/canonical.ts";
import { durationMs } from "../../kernel/duration.ts";

export type SenderDeps = {
  /** @throws AirworthyError `unavailable` without the secret. */
  readonly secret: (ref: SecretRef) => string;
  /** Epoch ms. */
  readonly now: () => number;
};

/** `id`: what the proof binds to the body, by which a repetition is known. Absent where nothing does. */
export type Sender = { readonly proven: true; readonly id?: string } | { readonly proven: false; readonly why: string };

const defaultToleranceMs = 300_000;

/** What can be told before the body is read: a token, or that a signature will be there. */
export function verifyHeaders(
  verify: WebhookConnector["verify"],
  headers: IncomingHttpHeaders,
  deps: SenderDeps,
): Sender {
  if (verify.by === "signature") return verifySignedHeaders(verify, headers, deps);
  const token = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(headers.authorization ?? "")?.[1];
  if (token === undefined || !isSameText(token, deps.secret(verify.token))) {
    return { proven: false, why: "a bearer token is needed, and a good one" };
  }
  const id = one(headers["webhook-id"]) ?? one(headers["idempotency-key"]);
  return { proven: true, ...(id === undefined ? {} : { id }) };
}

type Signature = Extract<WebhookConnector["verify"], { readonly by: "signature" }>;

function verifySignedHeaders(verify: Signature, headers: IncomingHttpHeaders, { now }: SenderDeps): Sender {
  if (verify.scheme === "x-hub-signature-256") {
    const isThere = one(headers["x-hub-signature-256"]) !== undefined;
    return isThere ? { proven: true } : { proven: false, why: "the header X-Hub-Signature-256 is missing" };
  }
  const [id, time, signature] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) =>
    one(headers[name]),
  );
  if (id === undefined || time === undefined || signature === undefined) {
    return { proven: false, why: "the headers webhook-id, webhook-timestamp and webhook-signature are needed" };
  }
  const seconds = /^\d{1,12}$/.test(time) ? Number(time) : Number.NaN;
  const toleranceMs = verify.tolerance === undefined ? defaultToleranceMs : durationMs(verify.tolerance);
  // NaN is within no tolerance. What is too old may be a copy whose id has been forgotten.
  if (Math.abs(now() - seconds * 1000) <= toleranceMs) return { proven: true, id };
  return { proven: false, why: "webhook-timestamp is too far from our time" };
}

/** Whether the body is signed with one of the secrets. A bearer token has proven it already. */
export function verifyBody(
  verify: WebhookConnector["verify"],
  { headers, body }: { readonly headers: IncomingHttpHeaders; readonly body: Uint8Array },
  deps: SenderDeps,
): Sender {
  const sender = verifyHeaders(verify, headers, deps);
  if (!sender.proven || verify.by === "bearer") return sender;
  const wrong = { proven: false, why: "the signature does not fit the body" } as const;
  if (verify.scheme === "x-hub-signature-256") {
    const hex = /^sha256=([0-9a-f]{64})$/i.exec(one(headers["x-hub-signature-256"]) ?? "")?.[1];
    const given = hex === undefined ? undefined : Buffer.from(hex, "hex");
    const isGood = verify.secrets.some((ref) => isSame(given, hmac(Buffer.from(deps.secret(ref)), [body])));
    // No header but this one is bound to the body, so the body itself must tell one event from another.
    return isGood ? { proven: true, id: `sha256:${sha256Hex(body)}` } : wrong;
  }
  const signed = [Buffer.from(`${one(headers["webhook-id"])}.${one(headers["webhook-timestamp"])}.`), body];
  const given = (one(headers["webhook-signature"]) ?? "").slice(0, 2048).split(" ").flatMap(readV1);
  const isGood = verify.secrets.some((ref) => {
    const expected = hmac(signingKey(deps.secret(ref)), signed);
    return given.some((signature) => isSame(signature, expected));
  });
  return isGood ? sender : wrong;
}

/** @see Standard Webhooks 1.0: `v1,` and Base64; other versions beside it are for other readers. */
function readV1(text: string): Buffer[] {
  const base64 = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(text)?.[1];
  return base64 === undefined ? [] : [Buffer.from(base64, "base64")];
}

/** `whsec_` and Base64 is the standard's form; any other text is the key itself. */
function signingKey(secret: string): Buffer {
  return secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret);
}

function hmac(key: Buffer, parts: readonly Uint8Array[]): Buffer {
  const digest = createHmac("sha256", key);
  for (const part of parts) digest.update(part);
  return digest.digest();
}

const isSame = (given: Buffer | undefined, expected: Buffer): boolean =>
  given?.length === expected.length && timingSafeEqual(given, expected);

/** Digests have one length, so that the comparison's time tells nothing about either text. */
const isSameText = (left: string, right: string): boolean =>
  isSame(Buffer.from(sha256Hex(left)), Buffer.from(sha256Hex(right)));

/** Twice the same header is nobody's honest request. */
const one = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === "string" && value !== "" && value.length <= 2048 ? value : undefined;
