/** How a system is reached, ready to be used: the certificates read and checked, the proxy's address and credentials. */
export type TlsMaterial = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must have. */
  readonly serverName?: string;
};

export type ProxyTarget = {
  readonly hostname: string;
  readonly port: number;
  /** Whether the proxy itself is reached over TLS. */
  readonly secure: boolean;
  /** The value of `Proxy-Authorization`. */
  readonly authorization?: string;
};

/** Undefined members: a plain connection. The same object as long as nothing in it has changed. */
export type Peer = { readonly tls?: TlsMaterial; readonly proxy?: ProxyTarget };
