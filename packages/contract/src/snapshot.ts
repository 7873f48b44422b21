/** The snapshot: everything that rooms read of the control plane, as one numbered immutable record. */
import type { SourceContractDocument } from "./config-contracts.ts";
import type {
  AgentDocument,
  BudgetDocument,
  ConnectorDocument,
  DocumentTool,
  HttpTool,
  IngestTool,
  McpTool,
  PersonDocument,
  SqlTool,
  TeamDocument,
} from "./config.ts";
import type { AgreementDocument, DataClassDocument, DataRuleDocument, IssuerDocument } from "./data.ts";
import type { RecallPolicyDocument } from "./config-recall.ts";

/** A tool as agents see it and rooms judge it; `digest` is the tool's version. */
export type GovernedTool = {
  readonly name: string;
  readonly connector: string;
  readonly effect: "read" | "write";
  readonly reversibility: "read_only" | "reversible" | "externally_reversible" | "irreversible";
  readonly timeoutMs: number;
  readonly definition: HttpTool | SqlTool | McpTool | IngestTool | DocumentTool;
  readonly digest: string;
};

export type PolicyFile = { readonly path: string; readonly text: string };

export type Snapshot = {
  readonly tenant: string;
  readonly version: number;
  /** SHA-256 of the canonical content, version excluded: equal content has equal digests. */
  readonly digest: string;
  readonly agents: Readonly<Record<string, AgentDocument>>;
  readonly connectors: Readonly<Record<string, ConnectorDocument>>;
  readonly tools: Readonly<Record<string, GovernedTool>>;
  readonly people: Readonly<Record<string, PersonDocument>>;
  readonly teams: Readonly<Record<string, TeamDocument>>;
  readonly budgets: Readonly<Record<string, BudgetDocument>>;
  readonly policies: readonly PolicyFile[];
  /** What the records of sources must look like. */
  readonly contracts: Readonly<Record<string, SourceContractDocument>>;
  readonly dataClasses: Readonly<Record<string, DataClassDocument>>;
  /** What becomes of data of a class on its way to an agent or a system. */
  readonly dataRules: Readonly<Record<string, DataRuleDocument>>;
  /** What providers of models have agreed to. */
  readonly agreements: Readonly<Record<string, AgreementDocument>>;
  /** Who vouches for the people on whose behalf agents act. */
  readonly issuers: Readonly<Record<string, IssuerDocument>>;
  /** Who may approve a recall; nobody where it is absent. */
  readonly recall?: RecallPolicyDocument;
};
