/** On whose behalf an agent acts: a signed, short-lived token of a configured issuer, verified before anything rests on it. */
import { readFile } from "node:fs/promises";

import { AirworthyError, type IssuerDocument, type OnBehalfOf, type Snapshot } from "@airworthy/contract";
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";

import { durationMs } from "../../kernel/duration.ts";

export type PersonVerifier = (
  token: string,
  by: { readonly agent: string; readonly snapshot: Snapshot },
) => Promise<OnBehalfOf>;
type Options = {
  /** Where `${NAME}` in an issuer's address is looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Epoch ms. */
  readonly now: () => number;
};

const algorithms = ["RS256", "ES256", "EdDSA"];
const maxAgeDefault = "15m";
const toleranceSeconds = 5;
const tokenMax = 16_384;
const keptMs = 60_000;
const valuesMax = 1000;
const valueMax = 256;

/** Keys of issuers are kept for a minute (files), or as long as their answer says (addresses). */
export function createPersonVerifier({ env, now }: Options): PersonVerifier {
  const sources = new Map<string, { readonly keys: JWTVerifyGetKey; readonly until: number }>();
  const keysOf = async ({ keys }: IssuerDocument): Promise<JWTVerifyGetKey> => {
    const name = JSON.stringify(keys);
    const known = sources.get(name);
    if (known && known.until > now()) return known.keys;
    const made = await openKeys(keys, env);
    if (sources.size > 1000) sources.clear();
    sources.set(name, { keys: made, until: keys.url === undefined ? now() + keptMs : Infinity });
    return made;
  };
  return async (token, { agent, snapshot }) => {
    if (token.length > tokenMax) throw refused("it is too long");
    const issuer = findIssuer(token, snapshot);
    if (issuer.agents && !issuer.agents.includes(agent))
      throw refused(`${agent} may not act for people of ${issuer.name}`);
    const payload = await verify(token, issuer, { keys: await keysOf(issuer), now });
    assertActor(payload, agent);
    return describePerson(payload, issuer);
  };
}

async function openKeys(keys: IssuerDocument["keys"], env: Options["env"]): Promise<JWTVerifyGetKey> {
  try {
    if (keys.url !== undefined) {
      const name = /^\$\{(.+)\}$/.exec(keys.url)?.[1];
      const url = name === undefined ? keys.url : env[name];
      return createRemoteJWKSet(new URL(url ?? ""), { timeoutDuration: 5000 });
    }
    const set: JSONWebKeySet =
      keys.file === undefined ? { keys: keys.jwks } : JSON.parse(await readFile(keys.file, "utf8"));
    // createLocalJWKSet checks the form and throws.
    return createLocalJWKSet(set);
  } catch (cause) {
    throw unavailable(cause);
  }
}

/** The token's own word says only by whose keys it is to be verified. */
function findIssuer(token: string, { issuers }: Snapshot): IssuerDocument {
  let claimed: JWTPayload;
  try {
    claimed = decodeJwt(token);
  } catch {
    throw refused("it is no signed token");
  }
  const audiences = new Set([claimed.aud ?? []].flat());
  const found = Object.values(issuers).find(
    ({ issuer, audience }) => issuer === claimed.iss && audiences.has(audience),
  );
  if (found) return found;
  throw refused("no issuer of the configuration has this iss and aud");
}

async function verify(
  token: string,
  issuer: IssuerDocument,
  { keys, now }: { readonly keys: JWTVerifyGetKey; readonly now: () => number },
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: issuer.issuer,
      audience: issuer.audience,
      algorithms: issuer.algorithms ?? algorithms,
      maxTokenAge: durationMs(issuer.maxAge ?? maxAgeDefault) / 1000,
      requiredClaims: ["exp", "iat"],
      clockTolerance: toleranceSeconds,
      currentDate: new Date(now()),
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw refused("it has expired, or was issued too long ago");
    if (error instanceof errors.JWTClaimValidationFailed) throw refused(`its claim ${error.claim} does not hold`);
    if (error instanceof errors.JWKSTimeout || error instanceof TypeError) throw unavailable(error);
    if (error instanceof errors.JOSEError) throw refused("its signature, key or algorithm is not one of the issuer's");
    throw unavailable(error);
  }
}

/** A token that was made for one actor serves no other. @see RFC 8693, section 4.1. */
function assertActor({ act }: JWTPayload, agent: string): void {
  if (act === undefined) return;
  const actor: unknown = typeof act === "object" && act !== null ? Reflect.get(act, "sub") : undefined;
  if (actor !== agent) throw refused("it was issued to another actor");
}

function describePerson(payload: JWTPayload, { name, person = "sub", attributes = {} }: IssuerDocument): OnBehalfOf {
  const named = payload[person];
  if (typeof named !== "string" || named === "" || named.length > valueMax)
    throw refused(`its claim ${person} names nobody`);
  const held = Object.entries(attributes).flatMap(([attribute, claim]) => {
    const values = Object.hasOwn(payload, claim) ? textsOf(payload[claim]) : undefined;
    return values === undefined ? [] : [[attribute, values] as const];
  });
  return { person: named, issuer: name, attributes: Object.fromEntries(held) };
}

/** Texts, numbers and truths, one or several. Anything else says nothing, and what says nothing allows nothing. */
function textsOf(claim: unknown): string[] | undefined {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  const texts = values.flatMap((value) =>
    typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? [String(value)] : [],
  );
  const isSound =
    texts.length === values.length && texts.length <= valuesMax && texts.every((text) => text.length <= valueMax);
  return isSound && texts.length > 0 ? texts : undefined;
}

function refused(why: string): AirworthyError {
  return new AirworthyError("unauthenticated", `The claim on whose behalf this is cannot be believed: ${why}.`, {
    place: "header Airworthy-On-Behalf-Of",
    fix: "Get a new token from the person's issuer, for this server as audience, and send it with the call.",
  });
}

function unavailable(cause: unknown): AirworthyError {
  return new AirworthyError("unavailable", "The keys of the person's issuer cannot be read now.", {
    retryable: true,
    fix: "Try again; if it stays so, an operator should look at the Issuer's keys.",
    cause,
  });
}
