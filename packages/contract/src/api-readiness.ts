/** Operations on watched sources: their readiness, baselines, findings, and profiles of what is live. A part of the table in api.ts. */
import { z } from "zod";

import { SourceContractDocument } from "./config-contracts.ts";
import { FindingId } from "./ids.ts";
import { JsonObject } from "./json.ts";
import { KeptSample } from "./kept-sample.ts";
import { LiveProfile } from "./live-profile.ts";
import { ConfigFile } from "./plan.ts";
import { nameText, proseText } from "./text.ts";
import { Baseline, WatchedFinding, WatchedSource } from "./watched-source.ts";

const name = nameText(128);
const learn = z
  .strictObject({ name: name.optional(), existing: ConfigFile.optional() })
  .optional()
  .meta({ description: "Learn a source contract as well; the next version of the one in `existing`, if it is there." });

export const readinessRoutes = {
  listReadiness: {
    method: "GET",
    path: "/v1/readiness",
    summary: "Watched sources: baseline, newest windows, findings. With all=true also findings that were closed.",
    scopes: ["viewer", "approver", "operator", "admin"],
    input: z.strictObject({ contract: name.optional(), all: z.enum(["true", "false"]).optional() }),
    output: z.object({ sources: z.array(WatchedSource) }),
  },
  readContract: {
    method: "GET",
    path: "/v1/contracts/{name}",
    summary: "A source contract of the live configuration.",
    scopes: ["viewer", "approver", "operator", "admin"],
    input: z.strictObject({ name }),
    output: SourceContractDocument,
  },
  setBaseline: {
    method: "POST",
    path: "/v1/contracts/{contract}/baseline",
    summary: "Say what production is held against: a sample of records that were good.",
    scopes: ["operator", "admin"],
    input: z.strictObject({ contract: name, origin: nameText(300), sample: KeptSample }),
    output: Baseline,
  },
  decideFinding: {
    method: "POST",
    path: "/v1/findings/{id}/decision",
    summary: "Acknowledge a finding, so that work goes on knowing of it, or close it; on the record.",
    scopes: ["operator", "admin"],
    input: z.strictObject({
      id: FindingId,
      verdict: z.enum(["acknowledge", "close"]),
      reason: proseText(2000).min(1),
    }),
    output: WatchedFinding,
  },
  profileTool: {
    method: "POST",
    path: "/v1/tools/{tool}/profile",
    summary: "Call a read tool with given arguments and describe the records that it answers; on the record.",
    scopes: ["operator", "admin"],
    input: z.strictObject({
      tool: name,
      arguments: z.array(JsonObject).min(1).max(100).meta({ description: "One call for each." }),
      records: z
        .string()
        .regex(/^\$/)
        .optional()
        .meta({ description: "Where an answer has its records, such as $.items[*]. Default: as the tool says." }),
      learn,
    }),
    output: LiveProfile,
  },
  profileSource: {
    method: "POST",
    path: "/v1/sources/{source}/profile",
    summary: "Describe the records that a source has brought in and that are its newest; on the record.",
    scopes: ["operator", "admin"],
    input: z.strictObject({
      source: name,
      record: name.optional().meta({ description: "The kind of record, where the source brings several." }),
      learn,
    }),
    output: LiveProfile,
  },
} as const;
