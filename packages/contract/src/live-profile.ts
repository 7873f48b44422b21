/** What a live source's records are like, and the contract that they suggest. */
import { z } from "zod";

import { Picture, SourceProfile } from "./readiness.ts";

export const LiveProfile = z.object({
  profile: SourceProfile,
  pictures: z.record(z.string(), Picture).meta({ description: "By field; the two columns are the same." }),
  contract: z
    .object({ name: z.string(), version: z.int(), text: z.string() })
    .optional()
    .meta({ description: "A first draft, as YAML, for a person to review." }),
  /** Calls that brought no records, with what was said. */
  failed: z.array(z.object({ call: z.int(), code: z.string(), message: z.string() })),
});
export type LiveProfile = z.infer<typeof LiveProfile>;
