/** Checks how a connector says that it is reached: certificates that come in pairs, a proxy with an address. */
import type { ConnectorDocument, IngestConnector, ProxyOptions, SecretRef, TlsOptions } from "@airworthy/contract";

import { findSecret } from "../../kernel/secret-shapes.ts";
import { isIngesting } from "../../kernel/is-ingesting.ts";
import type { FindingCode } from "./finding-codes.ts";
import { report } from "./link-index.ts";
import type { LinkIndex } from "./link-index.ts";
import type { LoadedDocument } from "./load-documents.ts";
import type { DataPath } from "./place.ts";

type Connector = LoadedDocument<ConnectorDocument>;
type At<T> = T & { readonly path: DataPath };
type Checks = {
  readonly linkUrl: (index: LinkIndex, connector: Connector, at: At<{ readonly url: string }>) => void;
  readonly linkSecretRef: (index: LinkIndex, connector: Connector, at: At<{ readonly ref: SecretRef }>) => void;
};

export function linkNetwork(index: LinkIndex, connector: Connector, checks: Checks): void {
  const { document } = connector;
  const tls = "tls" in document ? document.tls : undefined;
  const proxy = "proxy" in document ? document.proxy : undefined;
  if (tls !== undefined) linkTls(index, connector, { tls, checks });
  if (proxy !== undefined) linkProxy(index, connector, { proxy, checks });
  for (const part of ["tls", "proxy"] as const) {
    const why = isIngesting(document) || { tls, proxy }[part] === undefined ? undefined : whyUseless(document, part);
    if (why !== undefined) say(index, connector, { code: "AW1951", path: [part], message: why });
  }
}

function linkTls(
  index: LinkIndex,
  connector: Connector,
  { tls, checks }: { readonly tls: TlsOptions; readonly checks: Checks },
): void {
  for (const part of ["ca", "cert", "key"] as const) {
    const ref = tls[part];
    if (ref !== undefined) checks.linkSecretRef(index, connector, { path: ["tls", part], ref });
  }
  if ((tls.cert === undefined) === (tls.key === undefined)) return;
  const [said, missing] = tls.cert === undefined ? ["key", "cert"] : ["cert", "key"];
  say(index, connector, {
    code: "AW1950",
    path: ["tls", said ?? ""],
    message: `${said} is of no use without ${missing}`,
  });
}

function linkProxy(
  index: LinkIndex,
  connector: Connector,
  { proxy, checks }: { readonly proxy: ProxyOptions; readonly checks: Checks },
): void {
  checks.linkUrl(index, connector, { path: ["proxy", "url"], url: proxy.url });
  if (proxy.auth !== undefined) checks.linkSecretRef(index, connector, { path: ["proxy", "auth"], ref: proxy.auth });
  const secret = findSecret(proxy.url) ?? /\/\/[^/@]+@/.exec(proxy.url)?.[0];
  if (secret === undefined) return;
  const message = "this looks like a secret, and a secret never stands in a document";
  say(index, connector, { code: "AW1402", path: ["proxy", "url"], text: secret, message });
}

function whyUseless(document: Exclude<ConnectorDocument, IngestConnector>, part: "tls" | "proxy"): string | undefined {
  if (document.type === "mcp" && document.command !== undefined) return `a program that we start knows no ${part}`;
  const url = document.type === "http" ? document.baseUrl : document.type === "mcp" ? document.url : undefined;
  return part === "tls" && url?.startsWith("http:") === true ? "an http address knows no certificates" : undefined;
}

function say(
  index: LinkIndex,
  connector: Connector,
  what: { readonly code: FindingCode; readonly path: DataPath; readonly text?: string; readonly message: string },
): void {
  const { locator, file } = connector;
  const place = what.text === undefined ? locator.value(what.path) : locator.text(what.path, what.text);
  report(index, { code: what.code, file, place }, { message: what.message });
}
