/** Samples as the store keeps them: compressed, then sealed under the tenant's key, for they hold values of somebody's records. */
import { gunzipSync, gzipSync } from "node:zlib";

import { AirworthyError, KeptSample } from "@airworthy/contract";

import type { ValueCipher } from "./value-cipher.ts";

type At = { readonly tenant: string; readonly contract: string; readonly cipher: ValueCipher };

/** What a sample may grow to when it is unpacked; larger than any that was packed here. */
const bytesMax = 64 * 1024 * 1024;

/** `what` is bound to it: one sample cannot be put in the place of another. */
export function sealSample(at: At, what: string, sample: KeptSample): Buffer {
  const packed = gzipSync(JSON.stringify(sample), { level: 1 });
  return at.cipher.seal(packed.toString("base64"), placeOf(at, what));
}

/** @throws AirworthyError when it was sealed under another key or for another place. */
export function openSample(at: At, what: string, sealed: Buffer): KeptSample {
  const packed = at.cipher.open(sealed, placeOf(at, what));
  if (typeof packed !== "string") {
    throw new AirworthyError("internal", `The sample of ${at.contract}, ${what}, cannot be opened.`);
  }
  return KeptSample.parse(
    JSON.parse(gunzipSync(Buffer.from(packed, "base64"), { maxOutputLength: bytesMax }).toString("utf8")),
  );
}

const placeOf = ({ tenant, contract }: At, what: string): string =>
  JSON.stringify(["source sample", tenant, contract, what]);
