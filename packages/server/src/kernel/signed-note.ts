/** Signed notes and log checkpoints. @see https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";

import { AirworthyError } from "@airworthy/contract";

/** A named Ed25519 key pair. The name stands in every note it signs. */
export type NoteSigner = { readonly name: string; readonly privateKey: KeyObject };
export type NoteVerifier = { readonly name: string; readonly publicKey: KeyObject };

const ed25519 = Buffer.from([1]);
const rawKeyBytes = 32;

/** Text (which must end in a newline), an empty line, and one signature line. */
export function signNote(text: string, signer: NoteSigner): string {
  const publicKey = createPublicKey(signer.privateKey);
  const signature = Buffer.concat([keyHash(signer.name, publicKey), sign(null, Buffer.from(text), signer.privateKey)]);
  return `${text}\n\u2014 ${signer.name} ${signature.toString("base64")}\n`;
}

/** The signed text, or undefined when no line of the note is a good signature by this key. */
export function openNote(note: string, verifier: NoteVerifier): string | undefined {
  const split = note.lastIndexOf("\n\n");
  if (split === -1) return undefined;
  const text = note.slice(0, split + 1);
  const expected = keyHash(verifier.name, verifier.publicKey);
  const good = note
    .slice(split + 2)
    .split("\n")
    .some((line) => {
      const [dash, name, encoded] = line.split(" ");
      if (dash !== "\u2014" || name !== verifier.name || encoded === undefined) return false;
      const bytes = Buffer.from(encoded, "base64");
      return (
        bytes.subarray(0, 4).equals(expected) && verify(null, Buffer.from(text), verifier.publicKey, bytes.subarray(4))
      );
    });
  return good ? text : undefined;
}

/** The body of a checkpoint: origin, tree size, root, then our extension lines. */
export function checkpointText(checkpoint: {
  origin: string;
  size: number;
  root: Buffer;
  extensions: readonly string[];
}): string {
  return [checkpoint.origin, checkpoint.size, checkpoint.root.toString("base64"), ...checkpoint.extensions, ""].join(
    "\n",
  );
}

/** The verifier key in its text form `name+hash+base64`, to be given to whoever shall check. */
export function formatVerifierKey({ name, publicKey }: NoteVerifier): string {
  const raw = Buffer.concat([ed25519, rawPublicKey(publicKey)]);
  return `${name}+${keyHash(name, publicKey).toString("hex")}+${raw.toString("base64")}`;
}

export function parseVerifierKey(text: string): NoteVerifier {
  const [name, hashText, ...rest] = text.trim().split("+");
  const raw = Buffer.from(rest.join("+"), "base64");
  if (name === undefined || hashText === undefined || raw.length !== rawKeyBytes + 1 || raw[0] !== 1) throw badKey();
  const x = raw.subarray(1).toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  if (keyHash(name, publicKey).toString("hex") !== hashText) throw badKey();
  return { name, publicKey };
}

export function generateSigningKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

export function readSigner(name: string, pem: string): NoteSigner {
  return { name, privateKey: createPrivateKey(pem) };
}

function keyHash(name: string, publicKey: KeyObject): Buffer {
  const data = Buffer.concat([Buffer.from(`${name}\n`), ed25519, rawPublicKey(publicKey)]);
  return hash("sha256", data, "buffer").subarray(0, 4);
}

function rawPublicKey(publicKey: KeyObject): Buffer {
  return Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
}

function badKey(): AirworthyError {
  return new AirworthyError("invalid_input", "This is not an Ed25519 verifier key.", {
    fix: "Give the content of keys/ledger.pub from the data folder: name+hash+key.",
  });
}
