/** Configuration documents: what an operator writes in YAML. Strict, so an unknown key is an error with a place. */
import { z } from "zod";

import { documentToolShape, documentsShape } from "./config-documents.ts";
import { fileShape } from "./config-files.ts";
import { RestsOn, WriteRule, YieldRule } from "./config-facts.ts";
import { Compensate, Notice, RecallPolicyDocument } from "./config-recall.ts";
import { ingestShape, ingestToolShape, streamShape, webhookShape } from "./config-sources.ts";
import { mailboxShape } from "./config-mailbox.ts";
import { networkShape } from "./config-network.ts";
import { SourceContractDocument } from "./config-contracts.ts";
import {
  apiVersion,
  duration,
  fieldPath,
  Level,
  name,
  pathText,
  PersonRole,
  SecretRef,
  toolName,
} from "./config-text.ts";
import { AgreementDocument, DataClassDocument, DataRuleDocument, IssuerDocument, toolData } from "./data.ts";
import { EntityState, Flow } from "./entity.ts";

export { Level, PersonRole } from "./config-text.ts";
export const Stage = z.enum(["rehearsal", "shadow", "canary", "production"]);
export type Stage = z.infer<typeof Stage>;
export const Reversibility = z.enum(["read_only", "reversible", "externally_reversible", "irreversible"]);
export type Reversibility = z.infer<typeof Reversibility>;

const fingerprint = z.strictObject({
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "a SHA-256 digest in 64 lower-case hexadecimal digits")
    .meta({ description: "SHA-256 of its text." }),
});

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
  prompt: fingerprint.optional().meta({ description: "Which prompt it runs with: recorded with every action." }),
  retrieval: fingerprint.optional().meta({ description: "How it retrieves: settings or index, part of its version." }),
  tools: z.array(toolName).meta({ description: "Everything this agent may use; all else does not exist for it." }),
});
export type AgentDocument = z.infer<typeof AgentDocument>;

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
  writes: z
    .array(WriteRule)
    .optional()
    .meta({ description: "The facts that this write changes, so that lineage crosses it." }),
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
  compensate: Compensate.optional().meta({
    description: "The write that takes this one back; $.argument, $result.member and $idempotencyKey may be used.",
  }),
  notice: Notice.optional().meta({
    description: "This write tells somebody something: what was read cannot be taken back, only corrected.",
  }),
  contract: name.optional().meta({
    description:
      "The SourceContract that each record of the answer is held against. What is not so is held back and quarantined.",
  }),
  requires_ready: z.array(name).min(1).optional().meta({
    description: "Watched source contracts: while one has a severe finding that nobody has answered, this is refused.",
  }),
  records: fieldPath.optional().meta({
    description: "Where the answer has its records, such as $.items[*]. Absent: the answer is one record.",
  }),
  ...toolData,
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

/** A read of what a folder of documents has brought in. */
export const DocumentTool = z.strictObject({ ...toolBase, input: inputSchema, ...documentToolShape });
export type DocumentTool = z.infer<typeof DocumentTool>;

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
/** Messages of a broker: NATS JetStream, or one that speaks Kafka's protocol. */
export const StreamConnector = z.strictObject({ ...ingestBase, type: z.literal("stream"), ...streamShape });
export type StreamConnector = z.infer<typeof StreamConnector>;

/** Mails of a maildir or of an IMAP server. */
export const MailboxConnector = z.strictObject({ ...ingestBase, type: z.literal("mailbox"), ...mailboxShape });
export type MailboxConnector = z.infer<typeof MailboxConnector>;

/** Documents that others put into a folder tree: text, Markdown, PDF. */
export const DocumentsConnector = z.strictObject({
  ...connectorBase,
  type: z.literal("documents"),
  ...documentsShape,
  retention: ingestShape.retention,
  tools: z.array(DocumentTool).min(1),
});
export type DocumentsConnector = z.infer<typeof DocumentsConnector>;

export const ConnectorDocument = z.discriminatedUnion("type", [
  HttpConnector,
  SqlConnector,
  McpConnector,
  WebhookConnector,
  StreamConnector,
  FileConnector,
  DocumentsConnector,
  MailboxConnector,
]);
/** Connectors that bring records in; their tools read what was brought. */
export type IngestConnector =
  | WebhookConnector
  | StreamConnector
  | FileConnector
  | DocumentsConnector
  | MailboxConnector;
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

export const documentKinds = {
  Agent: AgentDocument,
  Connector: ConnectorDocument,
  Person: PersonDocument,
  Team: TeamDocument,
  Budget: BudgetDocument,
  SourceContract: SourceContractDocument,
  DataClass: DataClassDocument,
  DataRule: DataRuleDocument,
  Agreement: AgreementDocument,
  Issuer: IssuerDocument,
  RecallPolicy: RecallPolicyDocument,
} as const;
export type DocumentKind = keyof typeof documentKinds;
export type ConfigDocument =
  | AgentDocument
  | ConnectorDocument
  | PersonDocument
  | TeamDocument
  | BudgetDocument
  | SourceContractDocument
  | DataClassDocument
  | DataRuleDocument
  | AgreementDocument
  | IssuerDocument
  | RecallPolicyDocument;

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
