/** Reads the address of a broker, as clients take it: with a scheme or without, with a port or without. */
import { AirworthyError } from "@airworthy/contract";

import type { Destination } from "../../kernel/network/open-tunnel.ts";

/** @throws AirworthyError `invalid_input` for what is none. The text is not repeated: it may hold a password. */
export function readServer(text: string, defaultPort: number): Destination {
  const plain = text.trim().replace(/^[a-z]+:\/\//, "");
  const isBare = /^[\da-fA-F]*:[\da-fA-F:]*:[\da-fA-F:.]*$/.test(plain);
  const [, bracketed, host, port] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(plain) ?? [];
  const hostname = isBare ? plain : (bracketed ?? host);
  if (hostname !== undefined) return { hostname, port: port === undefined ? defaultPort : Number(port) };
  throw new AirworthyError("invalid_input", "One of the servers is no address of a broker.", {
    fix: "Write host:port.",
  });
}
