/** The texts of which configuration is made: names, paths, durations, levels, roles, and where a secret is found. */
import { z } from "zod";

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

export const toolName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9._-]{0,127}$/, "a tool name of letters, digits, dots, dashes and underscores");
/** As `pathText`; also `$..name`: what stands under that name at any depth. */
export const fieldPath = z
  .string()
  .regex(/^\$/, "a path into the result that begins with $, such as $.items[*].note or $..note");
export const apiVersion = z.literal("airworthy/v1");

export const Level = z.enum(["intern", "junior", "senior", "principal"]);
export type Level = z.infer<typeof Level>;
export const PersonRole = z.enum(["viewer", "approver", "operator", "privacy", "admin"]);
export type PersonRole = z.infer<typeof PersonRole>;
