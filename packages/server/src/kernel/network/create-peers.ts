/** Reads the certificates and the proxy of connectors, and says what is wrong with them before anything is sent. */
import { X509Certificate, createPrivateKey, type KeyObject } from "node:crypto";

import { AirworthyError, type ProxyOptions, type SecretRef, type TlsOptions } from "@airworthy/contract";

import { sha256Hex } from "../canonical.ts";
import type { Peer, ProxyTarget, TlsMaterial } from "./peer.ts";

/** What a connector's document says of its network. */
export type NetworkOptions = {
  readonly name: string;
  readonly tls?: TlsOptions | undefined;
  readonly proxy?: ProxyOptions | undefined;
};

export type PeersOptions = {
  /** The text behind a reference, line breaks and all; throws AirworthyError that names the place. */
  readonly text: (ref: SecretRef) => string;
  /** Fills `${NAME}` in a URL. */
  readonly fill: (template: string) => string;
  /** Epoch ms. */
  readonly now: () => number;
};

/**
 * Answers the peer of a connector, read anew so that a rotated certificate is used at once: the same object until then.
 * @throws AirworthyError `unavailable` naming connector and key for what is missing, unreadable, expired or does not fit.
 */
export type Peers = (connector: NetworkOptions) => Peer;

type Known = { readonly peer: Peer; readonly validToMs: number };

const plain: Peer = {};
/** Certificates that were replaced are forgotten in the end. */
const mostKnown = 1000;

export function createPeers(options: PeersOptions): Peers {
  const known = new Map<string, Known>();
  return (connector) => {
    if (connector.tls === undefined && connector.proxy === undefined) return plain;
    const texts = readTexts(connector, options);
    const key = sha256Hex(JSON.stringify([texts, connector.tls?.serverName ?? null, connector.tls !== undefined]));
    const one = known.get(key) ?? open(connector, texts);
    if (known.size >= mostKnown) known.delete(known.keys().next().value ?? "");
    known.set(key, one);
    const now = options.now();
    if (now > one.validToMs) {
      const until = new Date(one.validToMs).toISOString().slice(0, 10);
      throw bad(connector, "tls.cert", {
        says: `The certificate expired on ${until}.`,
        fix: "Put a new one there, with its key.",
      });
    }
    return one.peer;
  };
}

type Texts = { readonly [Part in "ca" | "cert" | "key" | "proxy" | "auth"]: string | undefined };

function readTexts({ tls, proxy }: NetworkOptions, { text, fill }: PeersOptions): Texts {
  const read = (ref: SecretRef | undefined): string | undefined => (ref === undefined ? undefined : text(ref));
  return {
    ca: read(tls?.ca),
    cert: read(tls?.cert),
    key: read(tls?.key),
    proxy: proxy && fill(proxy.url),
    auth: read(proxy?.auth)?.trim(),
  };
}

function open(connector: NetworkOptions, texts: Texts): Known {
  const tls = connector.tls === undefined ? undefined : openTls(connector, texts);
  const proxy = texts.proxy === undefined ? undefined : openProxy(connector, texts.proxy, texts.auth);
  const peer = { ...(tls === undefined ? {} : { tls: tls.material }), ...(proxy === undefined ? {} : { proxy }) };
  return { peer, validToMs: tls?.validToMs ?? Number.POSITIVE_INFINITY };
}

function openTls(
  connector: NetworkOptions,
  { ca, cert, key }: Texts,
): { readonly material: TlsMaterial; readonly validToMs: number } {
  if (ca !== undefined) parseCertificate(connector, "tls.ca", ca);
  if ((cert === undefined) !== (key === undefined)) {
    const place = cert === undefined ? "tls.cert" : "tls.key";
    throw bad(connector, place, {
      says: "A certificate and its private key go together.",
      fix: "Say both, or neither.",
    });
  }
  const serverName = connector.tls?.serverName;
  const material = {
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
  };
  if (cert === undefined || key === undefined) return { material, validToMs: Number.POSITIVE_INFINITY };
  const own = parseCertificate(connector, "tls.cert", cert);
  if (!own.checkPrivateKey(parseKey(connector, key))) {
    const fix = "Put the two that belong together.";
    throw bad(connector, "tls.key", { says: "The private key is not that of the certificate.", fix });
  }
  return { material: { ...material, cert, key }, validToMs: Date.parse(own.validTo) };
}

function parseCertificate(connector: NetworkOptions, place: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    const fix = "It begins with -----BEGIN CERTIFICATE-----.";
    throw bad(connector, place, { says: "What is there is not a certificate in PEM.", fix });
  }
}

function parseKey(connector: NetworkOptions, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    const fix = "It begins with -----BEGIN PRIVATE KEY-----, and has no passphrase.";
    throw bad(connector, "tls.key", { says: "What is there is not a private key in PEM that can be used.", fix });
  }
}

function openProxy(connector: NetworkOptions, text: string, auth: string | undefined): ProxyTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !isPlain(url)) {
    // The text is not repeated: it may hold a password.
    const fix = "Write http://host:port or https://host:port, and put credentials under auth.";
    throw bad(connector, "proxy.url", { says: "The address of the proxy is not a plain http or https URL.", fix });
  }
  if (auth !== undefined && !/^[^:\p{Cc}]+:[^\p{Cc}]*$/u.test(auth)) {
    throw bad(connector, "proxy.auth", {
      says: "The credentials of the proxy are not user:password.",
      fix: "Write them so.",
    });
  }
  const secure = url.protocol === "https:";
  return {
    hostname: url.hostname.replaceAll(/[[\]]/g, ""),
    port: Number(url.port || (secure ? 443 : 80)),
    secure,
    ...(auth === undefined ? {} : { authorization: `Basic ${Buffer.from(auth).toString("base64")}` }),
  };
}

/** Nothing but scheme, host and port. */
function isPlain(url: URL): boolean {
  return /^https?:$/.test(url.protocol) && url.href === `${url.protocol}//${url.host}/`;
}

function bad(
  { name }: NetworkOptions,
  place: string,
  { says, fix }: { readonly says: string; readonly fix: string },
): AirworthyError {
  const where = `Connector ${name}, ${place}`;
  return new AirworthyError("unavailable", `${where}: ${says} ${fix}`, { place: where, fix });
}
