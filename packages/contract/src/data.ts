/** Data classes: what kind of data a value is, who may have it in which form, and for which person an agent acts. */
import { z } from "zod";

import { apiVersion, duration, fieldPath, Level, name, pathText, PersonRole, toolName } from "./config-text.ts";

/** `pii.name`; a rule for `pii` is one for every class below it. */
export const DataClass = z
  .string()
  .regex(
    /^[a-z][a-z0-9_]{0,30}(?:\.[a-z][a-z0-9_]{0,30}){0,4}$/,
    "a class such as pii.name: words of lower-case letters, digits and underscores, joined by dots",
  );

const claimName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/, "a name of letters, digits and underscores");

/** What a tool declares of the data that goes through it. */
export const toolData = {
  classes: z
    .record(DataClass, z.array(fieldPath).min(1))
    .optional()
    .meta({ description: "Fields of the result that are of a data class, with all that is below them." }),
  accepts: z.record(DataClass, z.array(fieldPath).min(1)).optional().meta({
    description:
      "Arguments that are of a data class. A token of that class is turned into its value there, and nowhere else.",
  }),
  rows: z
    .strictObject({
      each: fieldPath
        .optional()
        .meta({ description: "The list whose items are limited; absent: the result as a whole." }),
      limits: z
        .record(claimName, pathText)
        .meta({ description: "Attribute of the person: where the item (@) or the result ($) says the same." }),
    })
    .optional()
    .meta({ description: "Limits of the person on whose behalf the agent reads: what lies outside is left out." }),
  from_claim: z.record(z.string().min(1), claimName).optional().meta({
    description: "Arguments that are filled from the person's claim (`person` or an attribute), never by the agent.",
  }),
} as const;

export const DataTreatment = z.enum(["mask", "tokenise", "block"]);
export type DataTreatment = z.infer<typeof DataTreatment>;

/** A class of one's own, or who may reveal the tokens of a class that is built in. */
export const DataClassDocument = z.strictObject({
  apiVersion,
  kind: z.literal("DataClass"),
  name: DataClass,
  description: z.string().max(500).optional(),
  patterns: z.array(z.string().min(1).max(1000)).min(1).max(50).optional().meta({
    description: "Regular expressions in RE2's syntax (no look-around, no back-references): they run in linear time.",
  }),
  words: z
    .array(z.string().min(2).max(200))
    .min(1)
    .max(50_000)
    .optional()
    .meta({ description: "A dictionary: words or phrases, found whole and in any case." }),
  reveal: z
    .array(PersonRole)
    .optional()
    .meta({ description: "The roles that may turn a token of this class into its value. Default: admin." }),
});
export type DataClassDocument = z.infer<typeof DataClassDocument>;

const anyOr = <T extends z.ZodType>(item: T) => z.union([z.literal("any"), z.array(item).min(1)]);

/** What becomes of data of these classes on its way to a destination. Of several rules the strictest holds. */
export const DataRuleDocument = z.strictObject({
  apiVersion,
  kind: z.literal("DataRule"),
  name,
  classes: z.array(DataClass).min(1),
  from: z
    .strictObject({ tools: z.array(toolName).min(1).optional(), connectors: z.array(name).min(1).optional() })
    .optional()
    .meta({ description: "Only for what these answer. Default: whatever the source." }),
  to: z
    .strictObject({
      agents: anyOr(name).optional().meta({ description: "The agents that hear an answer, and so their models." }),
      providers: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .meta({ description: "Agents whose model is of this provider." }),
      tools: anyOr(toolName).optional().meta({ description: "The tools that arguments are sent to." }),
      connectors: z.array(name).min(1).optional().meta({ description: "All tools of these systems." }),
    })
    .meta({ description: "The destinations; at least one." }),
  do: DataTreatment,
  except: z
    .strictObject({
      agents: z.array(name).min(1).optional(),
      levels: z.array(Level).min(1).optional(),
      tools: z.array(toolName).min(1).optional(),
      agreement: z.literal(true).optional().meta({
        description: "Not where the provider of the agent's model has an Agreement in force that covers the class.",
      }),
    })
    .optional()
    .meta({ description: "Agents, levels of agents, and tools that the rule does not hold for." }),
});
export type DataRuleDocument = z.infer<typeof DataRuleDocument>;

/** What a provider of models has agreed to in writing: data of these classes may go to its models (a DPA, a BAA). */
export const AgreementDocument = z.strictObject({
  apiVersion,
  kind: z.literal("Agreement"),
  name,
  provider: z.string().min(1).max(128).meta({ description: "As the agents' models name it." }),
  covers: z.array(DataClass).min(1),
  reference: z.string().min(1).max(500).meta({ description: "Where the signed text lies, for whoever audits this." }),
  from: z.iso.date().optional().meta({ description: "Its first day (UTC). Default: it is in force already." }),
  until: z.iso.date().meta({ description: "Its last day (UTC)." }),
});
export type AgreementDocument = z.infer<typeof AgreementDocument>;

/** Who vouches for the person on whose behalf an agent acts: an issuer of signed, short-lived tokens (JWT). */
export const IssuerDocument = z.strictObject({
  apiVersion,
  kind: z.literal("Issuer"),
  name,
  issuer: z.string().min(1).max(500).meta({ description: "The `iss` of its tokens, exactly." }),
  audience: z.string().min(1).max(500).meta({ description: "The `aud` that its tokens for this server have." }),
  keys: z
    .strictObject({
      url: z
        .string()
        .regex(/^https?:\/\/\S+$|^\$\{[A-Z][A-Z0-9_]*\}$/, "an address, or ${NAME}")
        .optional(),
      file: z.string().min(1).optional(),
      jwks: z.array(z.record(z.string(), z.unknown())).min(1).max(20).optional(),
    })
    .meta({ description: "Its public keys: the address or the file of a JWK set, or the keys themselves." }),
  algorithms: z
    .array(z.enum(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]))
    .min(1)
    .optional()
    .meta({ description: "Default: RS256, ES256 and EdDSA. Secrets shared with the issuer are not among them." }),
  maxAge: duration
    .optional()
    .meta({ description: "A token issued longer ago is refused, whatever it says itself. Default 15m." }),
  person: claimName.optional().meta({ description: "The claim that names the person. Default sub." }),
  attributes: z.record(claimName, claimName).optional().meta({
    description: "Attributes that limits may name, and the claims that hold them: texts, numbers, or lists of them.",
  }),
  agents: z
    .array(name)
    .min(1)
    .optional()
    .meta({ description: "The agents that may act on its people's behalf. Default: all." }),
});
export type IssuerDocument = z.infer<typeof IssuerDocument>;

/** The person on whose behalf an agent acts, as a verified claim says. `*` among an attribute's values means all. */
export const OnBehalfOf = z.object({
  person: z.string(),
  /** The Issuer document that the claim was verified by. */
  issuer: z.string(),
  attributes: z.record(z.string(), z.array(z.string())),
});
export type OnBehalfOf = z.infer<typeof OnBehalfOf>;

/** How a class was known: declared of the field, carried by the value from where it was declared, found in the text, or by a token. */
export const ClassEvidence = z.enum(["declared", "lineage", "detected", "token"]);
export type ClassEvidence = z.infer<typeof ClassEvidence>;

/**
 * Data of a class in one place of an action, and what was done with it. Never the value. `[*]` in the path stands for any
 * item; of a `fact`, the path is its name.
 */
export const DataUse = z.object({
  at: z.enum(["arguments", "result", "message", "progress", "fact"]),
  path: z.string(),
  class: z.string(),
  how: ClassEvidence,
  /** `none`: it was seen and went on as it was. `revealed`: a token was turned into its value. */
  did: z.enum(["none", "masked", "tokenised", "blocked", "revealed"]),
  rule: z.string().optional(),
  agreement: z.string().optional().meta({ description: "The Agreement under which it went on as it was." }),
  count: z.int(),
});
export type DataUse = z.infer<typeof DataUse>;
