/** Operations on classed data: tokens turned back, and their values erased. A part of the table in api.ts. */
import { z } from "zod";

import { Json } from "./json.ts";
import { nameText, proseText } from "./text.ts";

const token = nameText(200);
const reason = proseText(2000).min(1);

/** What became of a token: `erased` now, `already_erased` before, or `unknown` to this tenant. */
export const TokenErasure = z.object({
  token: z.string(),
  state: z.enum(["erased", "already_erased", "unknown"]),
  class: z.string().optional(),
});
export type TokenErasure = z.infer<typeof TokenErasure>;

export const dataRoutes = {
  revealToken: {
    method: "POST",
    path: "/v1/tokens/reveal",
    summary: "Turn a token into the value it stands for, for a role that may; who and why is recorded.",
    scopes: ["viewer", "approver", "operator", "admin"],
    input: z.strictObject({ token, reason }),
    output: z.object({ token: z.string(), class: z.string(), value: Json }),
  },
  eraseTokens: {
    method: "POST",
    path: "/v1/tokens/erasure",
    summary: "Erase the values that tokens stand for, and what agents have read of them; who and why is recorded.",
    scopes: ["privacy", "admin"],
    input: z.strictObject({ tokens: z.array(token).min(1).max(100), reason }),
    output: z.object({
      tokens: z.array(TokenErasure),
      observations: z.int().meta({ description: "Reads of these values that were erased with them." }),
    }),
  },
} as const;
