/** The loaded documents by kind and name, and the one way in which checks across documents report. */
import type {
  AgentDocument,
  AgreementDocument,
  BudgetDocument,
  ConnectorDocument,
  DataClassDocument,
  DataRuleDocument,
  Finding,
  DocumentTool,
  HttpTool,
  IngestTool,
  IssuerDocument,
  McpTool,
  PersonDocument,
  RecallPolicyDocument,
  SourceContractDocument,
  SqlTool,
  TeamDocument,
} from "@airworthy/contract";

import { makeFinding } from "./finding-codes.ts";
import type { FindingCode } from "./finding-codes.ts";
import type { DeclaredName, LoadedDocument, LoadedFiles } from "./load-documents.ts";
import { suggestName } from "./nearest-name.ts";
import type { DataPath, Place } from "./place.ts";

export type Tool = HttpTool | SqlTool | McpTool | IngestTool | DocumentTool;

/** The arguments of a tool as its `input` declares them. Absent for an MCP tool, whose schema its server has. */
export type InputShape = {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: ReadonlySet<string>;
  /** Whether an argument that `properties` does not name is certainly refused. */
  readonly closed: boolean;
};

export type LinkedTool = {
  readonly tool: Tool;
  readonly connector: LoadedDocument<ConnectorDocument>;
  /** Where the tool stands in its connector. */
  readonly path: DataPath;
  readonly input: InputShape | undefined;
};

export type LinkIndex = {
  readonly agents: readonly LoadedDocument<AgentDocument>[];
  readonly connectors: readonly LoadedDocument<ConnectorDocument>[];
  readonly people: readonly LoadedDocument<PersonDocument>[];
  readonly teams: readonly LoadedDocument<TeamDocument>[];
  readonly budgets: readonly LoadedDocument<BudgetDocument>[];
  readonly recallPolicies: readonly LoadedDocument<RecallPolicyDocument>[];
  readonly contracts: readonly LoadedDocument<SourceContractDocument>[];
  readonly dataClasses: readonly LoadedDocument<DataClassDocument>[];
  readonly dataRules: readonly LoadedDocument<DataRuleDocument>[];
  readonly agreements: readonly LoadedDocument<AgreementDocument>[];
  readonly issuers: readonly LoadedDocument<IssuerDocument>[];
  readonly tools: ReadonlyMap<string, LinkedTool>;
  readonly names: (kind: DeclaredName["kind"]) => ReadonlySet<string>;
  readonly complete: boolean;
  readonly findings: Finding[];
};

export function indexDocuments(loaded: LoadedFiles): LinkIndex {
  const names = new Map<string, Set<string>>();
  for (const { kind, name } of loaded.declared) names.set(kind, (names.get(kind) ?? new Set()).add(name));
  const connectors = loaded.documents.filter(isConnector);
  return {
    agents: loaded.documents.filter(isAgent),
    connectors,
    people: loaded.documents.filter(isPerson),
    teams: loaded.documents.filter(isTeam),
    budgets: loaded.documents.filter(isBudget),
    recallPolicies: loaded.documents.filter(isRecallPolicy),
    contracts: loaded.documents.filter(isContract),
    dataClasses: loaded.documents.filter(isDataClass),
    dataRules: loaded.documents.filter(isDataRule),
    agreements: loaded.documents.filter(isAgreement),
    issuers: loaded.documents.filter(isIssuer),
    tools: new Map(connectors.flatMap(listTools)),
    names: (kind) => names.get(kind) ?? new Set(),
    complete: loaded.complete,
    findings: [],
  };
}

/** Where a finding points, and what it is about. */
export type Spot = { readonly code: FindingCode; readonly file: string; readonly place: Place };

export function report(
  index: LinkIndex,
  spot: Spot,
  text: { readonly message: string; readonly hint?: string | undefined },
): void {
  index.findings.push(makeFinding(spot.code, spot, text));
}

/** Reports a finding at a path below a tool. */
export function reportTool(
  index: LinkIndex,
  at: { readonly code: FindingCode; readonly linked: LinkedTool; readonly path: DataPath; readonly text?: string },
  text: { readonly message: string; readonly hint?: string | undefined },
): void {
  const { connector, path } = at.linked;
  const whole = [...path, ...at.path];
  const { locator } = connector;
  const place = at.text === undefined ? locator.value(whole) : locator.text(whole, at.text);
  report(index, { code: at.code, file: connector.file, place }, text);
}

/** Whether a name is certainly missing; says so, with the nearest name there is. */
export function reportMissing(
  index: LinkIndex,
  spot: Spot,
  wanted: { readonly kind: DeclaredName["kind"]; readonly name: string },
): boolean {
  const known = index.names(wanted.kind);
  if (known.has(wanted.name)) return false;
  if (!index.complete) return true;
  const what = wanted.kind.toLowerCase();
  report(index, spot, { message: `there is no ${what} "${wanted.name}"`, hint: suggestName(wanted.name, known) });
  return true;
}

function listTools(connector: LoadedDocument<ConnectorDocument>): [string, LinkedTool][] {
  return connector.document.tools.map((tool, position) => [
    tool.name,
    { tool, connector, path: ["tools", position], input: "input" in tool ? shapeOf(tool.input) : undefined },
  ]);
}

function shapeOf(schema: Readonly<Record<string, unknown>>): InputShape {
  const { properties, required } = schema;
  return {
    properties: isMap(properties) ? properties : {},
    required: new Set(Array.isArray(required) ? required.filter((name) => typeof name === "string") : []),
    closed: schema["additionalProperties"] === false && schema["patternProperties"] === undefined,
  };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isAgent(one: LoadedDocument): one is LoadedDocument<AgentDocument> {
  return one.document.kind === "Agent";
}
function isConnector(one: LoadedDocument): one is LoadedDocument<ConnectorDocument> {
  return one.document.kind === "Connector";
}
function isPerson(one: LoadedDocument): one is LoadedDocument<PersonDocument> {
  return one.document.kind === "Person";
}
function isTeam(one: LoadedDocument): one is LoadedDocument<TeamDocument> {
  return one.document.kind === "Team";
}
function isBudget(one: LoadedDocument): one is LoadedDocument<BudgetDocument> {
  return one.document.kind === "Budget";
}
function isRecallPolicy(one: LoadedDocument): one is LoadedDocument<RecallPolicyDocument> {
  return one.document.kind === "RecallPolicy";
}
function isContract(one: LoadedDocument): one is LoadedDocument<SourceContractDocument> {
  return one.document.kind === "SourceContract";
}
function isDataClass(one: LoadedDocument): one is LoadedDocument<DataClassDocument> {
  return one.document.kind === "DataClass";
}
function isDataRule(one: LoadedDocument): one is LoadedDocument<DataRuleDocument> {
  return one.document.kind === "DataRule";
}
function isAgreement(one: LoadedDocument): one is LoadedDocument<AgreementDocument> {
  return one.document.kind === "Agreement";
}
function isIssuer(one: LoadedDocument): one is LoadedDocument<IssuerDocument> {
  return one.document.kind === "Issuer";
}
