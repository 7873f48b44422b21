/** Configuration documents: what an operator writes in YAML. Strict, so an unknown key is an error with a place. */
import { z } from "zod";

import { fileShape } from "./config-files.ts";
import { networkShape } from "./config-network.ts";
import { ingestShape, ingestToolShape, webhookShape } from "./config-sources.ts";
import { SecretRef, duration, name, pathText } from "./config-text.ts";
import { EntityState, Flow } from "./entity.ts";

const toolName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9._-]{0,127}$/, "a tool name of letters, digits, dots, dashes and underscores");
const factName = z.string().regex(/^[a-z][a-z0-9_.-]{0,127}$/, "a fact name such as crm.account.status");
/** As `pathText`; also `$..name`: what stands under that name at any depth. */
const fieldPath = z
  .string()
  .regex(/^\$/, "a path into the result that begins with $, such as $.items[*].note or $..note");
const apiVersion = z.literal("airworthy/v1");

export const Level = z.enum(["intern", "junior", "senior", "principal"]);
export type Level = z.infer<typeof Level>;
export const Stage = z.enum(["rehearsal", "shadow", "canary", "production"]);
export type Stage = z.infer<typeof Stage>;
export const Reversibility = z.enum(["read_only", "reversible", "externally_reversible", "irreversible"]);
export type Reversibility = z.infer<typeof Reversibility>;
export const PersonRole = z.enum(["viewer", "approver", "operator", "admin"]);
export type PersonRole = z.infer<typeof PersonRole>;

export const AgentDocument = z.strictObject({
  apiVersion,
  kind: z.literal("Agent"),
  name,
  purpose: z.string().min(1),
  owner: name.meta({ description: "A Person who answers for this agent." }),
  fleet: name.optional(),
  stage: Stage,
  level: Level,
  model: z
    .strictObject({ provider: z.string().min(1), name: z.string().min(1) })
    .optional()
    .meta({ description: "The pinned model; a floating alias such as gpt-4o or *-latest is refused." }),
  tools: z.array(toolName).meta({ description: "Everything this agent may use; all else does not exist for it." }),
});
export type AgentDocument = z.infer<typeof AgentDocument>;

export const YieldRule = z.strictObject({
  fact: factName,
  each: pathText.optional(),
  key: pathText,
  value: pathText,
  asOf: pathText.optional().meta({ description: "Where the source says how old the value is." }),
  version: pathText.optional(),
  batch: pathText.optional().meta({ description: "The batch that brought the value into the source." }),
  type: z.enum(["string", "integer", "boolean", "json"]).meta({
    description:
      "json: a record or a list of at most 32 KiB; `computed` may read it, policies see only what is computed.",
  }),
  authoritative: z.boolean().optional().meta({
    description: "This source's answer is as of now. Without it, a missing or future as-of makes the fact unusable.",
  }),
  skew: duration.optional().meta({ description: "How far this source's clock may run ahead of ours. Default 2s." }),
});
export type YieldRule = z.infer<typeof YieldRule>;

/** A path, `$facts['name']` with further steps for a fact that another rule brings, or a text that stands for itself. */
const reference = z.string().min(1).max(1000);

export const RestsOn = z.strictObject({
  fact: factName,
  each: pathText.optional().meta({
    description:
      "One fact for each item of this list, named @ below: $.flights[*], or $facts['airline.reservation'].flights[*]. At most 64.",
  }),
  key: reference.meta({ description: "Whose fact: a path into this action's arguments, the item or another fact." }),
  maxAge: duration,
  lookup: z
    .strictObject({
      tool: toolName,
      with: z.record(z.string(), reference),
      always: z.boolean().optional().meta({
        description:
          "true: looked up for every action. What the agent read before neither serves nor, where it differs, refuses.",
      }),
    })
    .meta({ description: "The read tool that answers authoritatively, and its arguments: paths, or texts." }),
});
export type RestsOn = z.infer<typeof RestsOn>;

/** Who can write what a tool's result holds: its system alone, people of this organisation, or anyone. */
export const Trust = z.enum(["trusted", "internal", "untrusted"]);
export type Trust = z.infer<typeof Trust>;

/** What a write leaves behind on its business object, once it is done. */
export const ToolOutcome = z.strictObject({
  state: EntityState.optional().meta({ description: "The state that stands from then on, such as payment_delayed." }),
  contradicts: z
    .array(EntityState)
    .min(1)
    .max(32)
    .optional()
    .meta({ description: "States that this one does not go together with, whichever of them came first." }),
  ends: z.array(EntityState).min(1).max(32).optional().meta({ description: "States that no longer stand after it." }),
  hold: z
    .enum(["place", "release"])
    .optional()
    .meta({ description: "Places a hold on the business object, or releases those on it." }),
  flow: Flow.optional().meta({ description: "Where the amount goes: in (to us) or out (from us)." }),
  window: z
    .string()
    .regex(/^\d{1,4}(s|m|h|d)$/, "a duration such as 90m, 24h or 30d")
    .optional()
    .meta({
      description: "How far back the effects of others count as recent for policies. Default 7d.",
    }),
});
export type ToolOutcome = z.infer<typeof ToolOutcome>;

const entityRef = z.strictObject({ type: z.string().regex(/^[a-z][a-z0-9_-]*$/), id: pathText });

const toolBase = {
  name: toolName,
  title: z.string().optional(),
  description: z.string().optional(),
  effect: z.enum(["read", "write"]),
  reversibility: Reversibility.optional().meta({ description: "Absent means irreversible for a write." }),
  timeout: duration.optional(),
  facets: z
    .record(
      z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/),
      z.strictObject({
        path: pathText,
        type: z.enum(["string", "integer", "boolean", "string[]"]),
        default: z.union([z.string(), z.int(), z.boolean()]).optional(),
      }),
    )
    .optional()
    .meta({ description: "The arguments that policies may see as context.input." }),
  computed: z
    .record(
      z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/),
      z.strictObject({ cel: z.string().min(1).max(4000), type: z.enum(["string", "integer", "boolean", "string[]"]) }),
    )
    .optional()
    .meta({
      description:
        "Values that policies see as context.computed: expressions in CEL over args, facts, earlier computed values and now.",
    }),
  entity: entityRef.optional().meta({ description: "The business object that the call is about." }),
  touches: z
    .array(entityRef)
    .min(1)
    .max(8)
    .optional()
    .meta({ description: "Further business objects that a write touches; a path may lead to a list of ids." }),
  outcome: ToolOutcome.optional().meta({ description: "What a write leaves behind on its business object." }),
  amount: z.strictObject({ minor: pathText, currency: z.union([pathText, z.string().regex(/^[A-Z]{3}$/)]) }).optional(),
  rests_on: z.array(RestsOn).optional(),
  yields: z.array(YieldRule).optional(),
  trust: Trust.optional().meta({
    description:
      "Who can write what the result holds: trusted (the system alone), internal (people of this organisation) or untrusted (anyone). Absent means untrusted.",
  }),
  untrusted: z
    .array(fieldPath)
    .optional()
    .meta({ description: "Fields of the result that anyone can write, whatever `trust` says." }),
  internal: z
    .array(fieldPath)
    .optional()
    .meta({ description: "Fields of a trusted result that people of this organisation write." }),
  sensitive: z
    .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), pathText)
    .optional()
    .meta({
      description: "Arguments that move money, name a recipient or identify: policies see where they came from.",
    }),
  idempotency: z
    .strictObject({ header: z.string().min(1).optional(), argument: z.string().min(1).optional(), retention: duration })
    .optional()
    .meta({ description: "How the system recognises a repeat: by a header, or by an argument that carries our key." }),
  probe: z
    .strictObject({ tool: toolName, with: z.record(z.string(), z.string()), found: pathText })
    .optional()
    .meta({
      description:
        "A read that tells whether an interrupted effect happened; $idempotencyKey and $.argument may be used.",
    }),
  compensate: z.strictObject({ tool: toolName, with: z.record(z.string(), z.string()) }).optional(),
  contract: name.optional().meta({
    description:
      "The SourceContract that each record of the answer is held against. What is not so is held back and quarantined.",
  }),
  records: fieldPath.optional().meta({
    description: "Where the answer has its records, such as $.items[*]. Absent: the answer is one record.",
  }),
} as const;
const inputSchema = z
  .record(z.string(), z.unknown())
  .meta({ description: "JSON Schema of the arguments (an object)." });

export const HttpTool = z.strictObject({
  ...toolBase,
  input: inputSchema,
  request: z.strictObject({
    method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    path: z
      .string()
      .startsWith("/")
      .meta({ description: "Path with {argument} placeholders, percent-encoded when filled." }),
    query: z.array(z.string()).optional(),
    body: z.array(z.string()).optional().meta({ description: "Arguments sent as the JSON body." }),
  }),
});
export type HttpTool = z.infer<typeof HttpTool>;

export const SqlTool = z.strictObject({
  ...toolBase,
  input: inputSchema,
  sql: z.string().min(1).meta({ description: "One statement with :argument parameters; never string-built." }),
  maxRows: z.int().min(1).max(10_000).optional(),
});
export type SqlTool = z.infer<typeof SqlTool>;

export const McpTool = z.strictObject({
  ...toolBase,
  upstream: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "The tool's name at its server; default: the same name." }),
  pin: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional()
    .meta({ description: "Digest of the definition that was reviewed." }),
});
export type McpTool = z.infer<typeof McpTool>;

/** A read of what an ingesting connector has brought in. */
export const IngestTool = z.strictObject({ ...toolBase, input: inputSchema, ...ingestToolShape });
export type IngestTool = z.infer<typeof IngestTool>;

const connectorBase = { apiVersion, kind: z.literal("Connector"), name } as const;
const auth = z.strictObject({ header: z.string().min(1), prefix: z.string().optional(), value: SecretRef });

export const HttpConnector = z.strictObject({
  ...connectorBase,
  type: z.literal("http"),
  baseUrl: z.string().min(1).meta({ description: "May be ${NAME}, filled from the server's environment." }),
  auth: auth.optional(),
  ...networkShape,
  tools: z.array(HttpTool).min(1),
});
export const SqlConnector = z.strictObject({
  ...connectorBase,
  type: z.literal("sql"),
  dialect: z.enum(["postgresql", "mysql"]).optional().meta({
    description: "mysql stands for MariaDB too. Default postgresql.",
  }),
  connection: SecretRef,
  ...networkShape,
  tools: z.array(SqlTool).min(1),
});
export const McpConnector = z.strictObject({
  ...connectorBase,
  type: z.literal("mcp"),
  url: z.string().min(1).optional(),
  command: z
    .array(z.string())
    .min(1)
    .optional()
    .meta({ description: "A server started over stdio: program and arguments." }),
  auth: auth.optional(),
  ...networkShape,
  extras: z.boolean().optional().meta({
    description: "false: do not add the confidence and rationale arguments to this server's tools. Default true.",
  }),
  passthrough: z
    .array(z.enum(["prompts", "resources", "completions", "logging"]))
    .optional()
    .meta({ description: "Further MCP features of this server that agents may reach. Default none." }),
  tools: z.array(McpTool).min(1),
});
const ingestBase = { ...connectorBase, ...ingestShape, tools: z.array(IngestTool).min(1) } as const;

/** Events pushed to the door `/events/{connector}`: CloudEvents, or plain JSON. */
export const WebhookConnector = z.strictObject({ ...ingestBase, type: z.literal("webhook"), ...webhookShape });
export type WebhookConnector = z.infer<typeof WebhookConnector>;

/** Files that others put into a folder. */
export const FileConnector = z.strictObject({ ...ingestBase, type: z.literal("file"), ...fileShape });
export type FileConnector = z.infer<typeof FileConnector>;

export const ConnectorDocument = z.discriminatedUnion("type", [
  HttpConnector,
  SqlConnector,
  McpConnector,
  WebhookConnector,
  FileConnector,
]);
/** Connectors that bring records in; their tools read what was brought. */
export type IngestConnector = WebhookConnector | FileConnector;
export type HttpConnector = z.infer<typeof HttpConnector>;
export type SqlConnector = z.infer<typeof SqlConnector>;
export type McpConnector = z.infer<typeof McpConnector>;
export type ConnectorDocument = z.infer<typeof ConnectorDocument>;

export const PersonDocument = z.strictObject({
  apiVersion,
  kind: z.literal("Person"),
  name,
  email: z.email().optional(),
  roles: z.array(PersonRole).min(1),
});
export type PersonDocument = z.infer<typeof PersonDocument>;

export const TeamDocument = z.strictObject({
  apiVersion,
  kind: z.literal("Team"),
  name,
  members: z.array(name).min(1),
});
export type TeamDocument = z.infer<typeof TeamDocument>;

export const BudgetDocument = z.strictObject({
  apiVersion,
  kind: z.literal("Budget"),
  name,
  agents: z.array(name).optional().meta({ description: "Default: all." }),
  tools: z.array(toolName).min(1),
  limit: z.strictObject({ minor: z.int().nonnegative(), currency: z.string().regex(/^[A-Z]{3}$/) }),
  per: z.enum(["hour", "day", "month"]),
});
export type BudgetDocument = z.infer<typeof BudgetDocument>;

export const ContractFieldType = z.enum(["text", "integer", "number", "boolean", "date", "timestamp", "list"]);
export type ContractFieldType = z.infer<typeof ContractFieldType>;

export const ContractField = z.strictObject({
  name: z.string().min(1).max(200).meta({ description: "The column, or the path of the value: address.city." }),
  type: ContractFieldType,
  nullable: z.boolean().meta({ description: "Whether the value may be null, empty or absent." }),
  allowed: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .min(1)
    .max(1_000)
    .optional()
    .meta({ description: "The only values there are. Absent: any of the type." }),
  range: z
    .strictObject({ min: z.number().optional(), max: z.number().optional() })
    .optional()
    .meta({ description: "Both ends are allowed." }),
  maxLength: z.int().min(1).optional().meta({ description: "Characters of a text, items of a list." }),
});
export type ContractField = z.infer<typeof ContractField>;

/** What the records of one source must look like. Learned from samples, reviewed by a person, then enforced. */
export const SourceContractDocument = z.strictObject({
  apiVersion,
  kind: z.literal("SourceContract"),
  name,
  version: z.int().min(1).meta({ description: "Raised with every change." }),
  learnedFrom: z.string().max(500).optional().meta({ description: "For people: which sample, how many records." }),
  unlisted: z
    .enum(["refuse", "ignore"])
    .optional()
    .meta({ description: "A field that is not listed quarantines its record (the default), or is ignored." }),
  fields: z.array(ContractField).min(1).max(1_000),
});
export type SourceContractDocument = z.infer<typeof SourceContractDocument>;

export const documentKinds = {
  Agent: AgentDocument,
  Connector: ConnectorDocument,
  Person: PersonDocument,
  Team: TeamDocument,
  Budget: BudgetDocument,
  SourceContract: SourceContractDocument,
} as const;
export type DocumentKind = keyof typeof documentKinds;
export type ConfigDocument =
  | AgentDocument
  | ConnectorDocument
  | PersonDocument
  | TeamDocument
  | BudgetDocument
  | SourceContractDocument;

/** One problem in a configuration, with its place and its fix. Codes are stable. */
export const Finding = z.object({
  code: z.string(),
  severity: z.enum(["error", "warning"]),
  file: z.string(),
  line: z.int(),
  column: z.int(),
  length: z.int(),
  message: z.string(),
  hint: z.string().optional(),
});
export type Finding = z.infer<typeof Finding>;
