/** What configuration documents are made of: names, versions and paths. */
import { z } from "zod";

export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "a name of lower-case letters, digits, dots, dashes and underscores");
export const toolName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9._-]{0,127}$/, "a tool name of letters, digits, dots, dashes and underscores");
/** `$` is the root (arguments or result), `@` the item of `each`; steps are `.name`, `['name']`, `[0]` and, in `each`, `[*]`. */
export const pathText = z.string().regex(/^(\$|@)/, "a path that begins with $ (root) or @ (item)");
export const apiVersion = z.literal("airworthy/v1");
