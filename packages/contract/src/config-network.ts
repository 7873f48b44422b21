/** How a system is reached over the network where a plain connection will not do: certificates and a proxy. */
import { z } from "zod";

import { SecretRef } from "./config-text.ts";

export const TlsOptions = z.strictObject({
  ca: SecretRef.optional().meta({
    description: "PEM of the authorities that may vouch for the server, instead of those that Node knows.",
  }),
  cert: SecretRef.optional().meta({ description: "PEM of the certificate we log in with, and of its chain." }),
  key: SecretRef.optional().meta({ description: "PEM of its private key, not encrypted." }),
  serverName: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "The name in the server's certificate, where it is not the host of the address." }),
});
export type TlsOptions = z.infer<typeof TlsOptions>;

export const ProxyOptions = z.strictObject({
  url: z.string().min(1).meta({ description: "http:// or https://; may be ${NAME}. It must know CONNECT." }),
  auth: SecretRef.optional().meta({ description: "user:password, sent to the proxy alone." }),
});
export type ProxyOptions = z.infer<typeof ProxyOptions>;

/** What connectors over the network say beside their address. */
export const networkShape = { tls: TlsOptions.optional(), proxy: ProxyOptions.optional() } as const;
