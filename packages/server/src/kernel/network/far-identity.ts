/** Has a server at the other end of a door of ours checked by its own name, and not by the door's. */
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";

export type FarIdentity = {
  /** Sent along: a name, never an address (RFC 6066). */
  readonly servername?: string;
  readonly checkServerIdentity: (door: string, certificate: PeerCertificate) => Error | undefined;
};

/** `serverName` is the name in its certificate, where it is not the host. */
export function farIdentity(hostname: string, serverName: string | undefined): FarIdentity {
  const name = serverName ?? hostname;
  return {
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
  };
}
