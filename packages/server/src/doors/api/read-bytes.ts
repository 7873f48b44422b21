/** Reads the body of a request up to a stated size, whether or not it says how long it is. */
import type { IncomingMessage } from "node:http";

import { AirworthyError } from "@airworthy/contract";

/**
 * Reads from the socket's own stream: wrapping it in a web stream first costs more than all else the door does.
 * @throws AirworthyError `too_large` at the first byte too many; what still comes is let run off, so that the answer arrives.
 */
export function readBytes(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) refuse(tooLarge(maxBytes));
      else chunks.push(chunk);
    };
    const refuse = (error: AirworthyError): void => {
      incoming.off("data", take).off("error", breakOff).off("close", breakOff).resume();
      reject(error);
    };
    const breakOff = (): void => refuse(brokenOff());
    if (Number(incoming.headers["content-length"] ?? 0) > maxBytes) {
      refuse(tooLarge(maxBytes));
      return;
    }
    incoming.on("data", take).once("error", breakOff).once("close", breakOff);
    incoming.once("end", () => {
      // Every request closes in the end; only one that had not ended before has broken off.
      incoming.off("close", breakOff);
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
  });
}

function tooLarge(maxBytes: number): AirworthyError {
  return new AirworthyError("too_large", `The body is larger than ${maxBytes} bytes.`, { fix: "Send less." });
}

function brokenOff(): AirworthyError {
  return new AirworthyError("invalid_json", "The body broke off before its end.", { place: "$" });
}
