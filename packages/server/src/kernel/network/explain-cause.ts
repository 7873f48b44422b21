/** Says in words what an error code of TLS or of a proxy means, and where to look. */

/** The server ended the handshake: it has read nothing of what we had to say. TLS alerts by OpenSSL's names (RFC 8446, 6.2). */
const refusedUs =
  /^ERR_SSL_\w*ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)$/;

const meanings: readonly (readonly [RegExp, string])[] = [
  [refusedUs, "the server refused our certificate: look at tls.cert and tls.key"],
  [/^CERT_HAS_EXPIRED$/, "the server's certificate has expired"],
  [/^CERT_NOT_YET_VALID$/, "the server's certificate is not valid yet"],
  [/^CERT_REVOKED$/, "the server's certificate was revoked"],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, "the server's certificate is for another name: look at tls.serverName"],
  [
    /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_UNTRUSTED|INVALID_CA)$/,
    "nobody we trust vouches for the server's certificate: look at tls.ca",
  ],
  [/^HANDSHAKE_SSL_ERROR$/, "the TLS handshake failed: look at tls.ca, tls.cert and tls.serverName"],
  [/^HANDSHAKE_NO_SSL_SUPPORT$/, "the server does not speak TLS"],
  [/^ERR_SSL_WRONG_VERSION_NUMBER$/, "what answered does not speak TLS"],
  [/^PROXY_407$/, "the proxy wants credentials, or others: look at proxy.auth"],
  [/^PROXY_HOST$/, "the host's name or port is none that a proxy can be asked for"],
  [/^PROXY_\d+$/, "the proxy refused the way to this host"],
  [/^PROXY_/, "the proxy could not be reached: look at proxy.url"],
];

/** `CODE`, or `CODE: what it means`. */
export function explainCause(code: string): string {
  const meaning = meanings.find(([pattern]) => pattern.test(code))?.[1];
  return meaning === undefined ? code : `${code}: ${meaning}`;
}

/** Whether the code proves that the server read nothing of a request that we had begun to send. */
export function refusesHandshake(code: string): boolean {
  return refusedUs.test(code);
}
