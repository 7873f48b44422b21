/** Reads a request body up to a cap; what is beyond is drained, so that the connection survives the refusal. */
import type { IncomingMessage } from "node:http";

export type Body = { readonly bytes: Buffer } | { readonly tooLarge: true; readonly drained: boolean } | "gone";

/** How many times the cap is read and thrown away before the connection is given up. */
const drainFactor = 8;

/** Resolves with the bytes, with `tooLarge`, or with "gone" when the client left in the middle. Never rejects. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  return new Promise((resolve) => {
    if (request.destroyed) return resolve("gone");
    let chunks: Buffer[] = [];
    let received = 0;
    request.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received <= maxBytes) chunks.push(chunk);
      else chunks = [];
      if (received > maxBytes * drainFactor) resolve({ tooLarge: true, drained: false });
    });
    request.on("end", () => {
      if (received > maxBytes) return resolve({ tooLarge: true, drained: true });
      const [first] = chunks;
      resolve({ bytes: chunks.length === 1 && first ? first : Buffer.concat(chunks, received) });
    });
    request.on("error", () => resolve("gone"));
    request.on("close", () => resolve("gone"));
  });
}

/** Lets a body that nobody wants run off, so that the connection survives the refusal; one without end is cut off. */
export function drainBody(request: IncomingMessage, maxBytes: number): void {
  let received = 0;
  request.on("error", () => undefined);
  request.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (received > maxBytes * drainFactor) request.destroy();
  });
}
