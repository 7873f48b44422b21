/** The texts of which configuration is made: names, paths, durations, and where a secret is found. */
import { z } from "zod";

export const apiVersion = z.literal("airworthy/v1");
export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "a name of lower-case letters, digits, dots, dashes and underscores");
/** `$` is the root (arguments or result), `@` the item of `each`; steps are `.name`, `['name']`, `[0]` and, in `each`, `[*]`. */
export const pathText = z.string().regex(/^(\$|@)/, "a path that begins with $ (root) or @ (item)");
export const duration = z.string().regex(/^\d+(ms|s|m|h|d)$/, "a duration such as 500ms, 30s, 5m, 24h or 7d");

/** Where a secret is found. The value itself never stands in a document. */
export const SecretRef = z.union([
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
]);
export type SecretRef = z.infer<typeof SecretRef>;
