/** The snapshot: everything that rooms read of the control plane, as one numbered immutable record. */
import type {
  AgentDocument,
  BudgetDocument,
  ConnectorDocument,
  HttpTool,
  IngestTool,
  McpTool,
  PersonDocument,
  SourceContractDocument,
  SqlTool,
  TeamDocument,
} from "./config.ts";

/** A tool as agents see it and rooms judge it; `digest` is the tool's version. */
export type GovernedTool = {
  readonly name: string;
  readonly connector: string;
  readonly effect: "read" | "write";
  readonly reversibility: "read_only" | "reversible" | "externally_reversible" | "irreversible";
  readonly timeoutMs: number;
  readonly definition: HttpTool | SqlTool | McpTool | IngestTool;
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
};
