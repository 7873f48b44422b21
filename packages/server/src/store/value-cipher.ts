/** Seals what the value index keeps: digests of values and texts, both under keys of the tenant. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

import type { Json } from "@airworthy/contract";

export type ValueCipher = {
  /** 16 bytes: enough against coincidence, and no more of the value than that two are equal. */
  readonly digest: (form: string) => Buffer;
  /** `place` is bound to the text: what was sealed for one place cannot be read at another. */
  readonly seal: (content: Json, place: string) => Buffer;
  /** Undefined when it was sealed under another key, for another place, or was changed. */
  readonly open: (sealed: Buffer, place: string) => Json | undefined;
};

const nonceBytes = 12;
const tagBytes = 16;

/** @see NIST SP 800-38D for AES-256-GCM, RFC 5869 for the derivation of the two keys from the tenant's one. */
export function createValueCipher(tenantKey: Buffer): ValueCipher {
  const derive = (use: string): Buffer => Buffer.from(hkdfSync("sha256", tenantKey, "airworthy", use, 32));
  const digestKey = derive("value digests");
  const textKey = derive("value texts");
  return {
    digest: (form) => createHmac("sha256", digestKey).update(form).digest().subarray(0, 16),
    seal: (content, place) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", textKey, nonce).setAAD(Buffer.from(place));
      const text = Buffer.concat([cipher.update(JSON.stringify(content), "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    open: (sealed, place) => {
      try {
        const decipher = createDecipheriv("aes-256-gcm", textKey, sealed.subarray(0, nonceBytes), {
          authTagLength: tagBytes,
        });
        decipher.setAAD(Buffer.from(place)).setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
        const text = Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]);
        const content: Json = JSON.parse(text.toString("utf8"));
        return content;
      } catch {
        return undefined;
      }
    },
  };
}
