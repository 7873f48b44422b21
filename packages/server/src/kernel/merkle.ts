/** Merkle tree hash over a list of leaves. @see RFC 9162 section 2.1.1. */
import { hash } from "node:crypto";

const leafPrefix = Buffer.from([0]);
const nodePrefix = Buffer.from([1]);

/** The root (32 bytes); of no leaves it is the hash of nothing. */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  const [only, ...others] = leaves;
  if (only === undefined) return hash("sha256", "", "buffer");
  if (others.length === 0) return hash("sha256", Buffer.concat([leafPrefix, only]), "buffer");
  const split = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
  return hash(
    "sha256",
    Buffer.concat([nodePrefix, merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split))]),
    "buffer",
  );
}
