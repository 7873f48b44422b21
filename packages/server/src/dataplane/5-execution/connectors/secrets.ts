/** Finds the secrets that connectors need, where their documents say, and never lets one into a message. */
import { readFileSync, statSync } from "node:fs";

import { AirworthyError } from "@airworthy/contract";
import type { HttpConnector, SecretRef } from "@airworthy/contract";

export type Environment = Readonly<Record<string, string | undefined>>;

const maxSecretBytes = 64 * 1024;

/**
 * The secret, without the white space around it. Files are read each time, so a rotated secret is used at once.
 * @throws AirworthyError `unavailable` naming the variable or file that has none; never its content.
 */
export function readSecret(ref: SecretRef, env: Environment): string {
  const place = "env" in ref ? `environment variable ${ref.env}` : `file ${ref.file}`;
  const secret = ("env" in ref ? (env[ref.env] ?? "") : readSecretFile(ref.file)).trim();
  if (secret === "") throw missing(`The ${place} holds no secret.`, place);
  // A line break inside would end the header it is sent in.
  if (/\p{Cc}/u.test(secret)) throw missing(`The secret in the ${place} holds control characters.`, place);
  return secret;
}

/**
 * A text of several lines, such as a certificate, from where a secret may be found.
 * @throws AirworthyError `unavailable` naming the variable or file that has none; never its content.
 */
export function readPem(ref: SecretRef, env: Environment): string {
  const text = "env" in ref ? (env[ref.env] ?? "") : readSecretFile(ref.file);
  if (text.trim() !== "") return text;
  const place = "env" in ref ? `environment variable ${ref.env}` : `file ${ref.file}`;
  throw missing(`The ${place} is empty, and a certificate or key should be in it.`, place);
}

/**
 * Fills each `${NAME}` from the environment.
 * @throws AirworthyError `unavailable` naming a variable that is not set.
 */
export function fillUrl(template: string, env: Environment): string {
  return template.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined || value === "") {
      throw missing(`The environment variable ${name} is not set, and a URL needs it.`, `environment variable ${name}`);
    }
    return value;
  });
}

/** The header that signs a connector's requests. A prefix that ends in a word, such as Bearer, is set apart by a space. */
export function readAuthHeader(
  auth: NonNullable<HttpConnector["auth"]>,
  env: Environment,
): { readonly name: string; readonly value: string; readonly secret: string } {
  const secret = readSecret(auth.value, env);
  const prefix = auth.prefix ?? "";
  return { name: auth.header.toLowerCase(), value: `${prefix}${/\w$/.test(prefix) ? " " : ""}${secret}`, secret };
}

function readSecretFile(file: string): string {
  try {
    if (statSync(file).size > maxSecretBytes)
      throw missing(`The file ${file} is too large to be a secret.`, `file ${file}`);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof AirworthyError) throw error;
    throw missing(`The file ${file} cannot be read, and a secret should be in it.`, `file ${file}`);
  }
}

function missing(message: string, place: string): AirworthyError {
  return new AirworthyError("unavailable", message, { place, fix: "Put the value there and try again." });
}
