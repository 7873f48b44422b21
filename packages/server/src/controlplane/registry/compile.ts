/** Compiles a folder of configuration into a snapshot, or says everything that is wrong with it. */
import type {
  ConfigDocument,
  ConfigFile,
  Finding,
  GovernedTool,
  Json,
  PolicyFile,
  Snapshot,
} from "@airworthy/contract";

import { digestJson } from "../../kernel/canonical.ts";
import { durationMs } from "../../kernel/duration.ts";
import { isIngesting } from "../../kernel/is-ingesting.ts";
import { recallAgent, recallName } from "../../kernel/recall-principal.ts";
import { toPolicyTools } from "../../kernel/policy-tools.ts";
import { validateBundle } from "../../kernel/policy/validate-bundle.ts";
import { makeFinding, sortFindings } from "./finding-codes.ts";
import { linkDocuments } from "./link.ts";
import { loadDocuments } from "./load-documents.ts";
import type { LoadedFiles } from "./load-documents.ts";
import { adoptPolicyFinding, isAboutTools } from "./policy-findings.ts";
import { fillDocumentYields } from "./document-yields.ts";
import { checkPolicyTests, readPolicyTests } from "./policy-tests.ts";

/** How long a call may take whose tool states no `timeout`. */
const defaultTimeoutMs = 15_000;

export type SnapshotContent = Omit<Snapshot, "version">;
export type CompiledBundle = { readonly snapshot?: SnapshotContent; readonly findings: readonly Finding[] };

/** The snapshot is there when no finding is an error. Never rejects for what the files hold. */
export async function compileBundle(tenant: string, files: readonly ConfigFile[]): Promise<CompiledBundle> {
  const loaded = loadDocuments(files);
  const linked = linkDocuments(loaded);
  const documents = loaded.documents.map((one) => one.document);
  const content = assembleSnapshot(tenant, documents, loaded.policies);
  const before = [...loaded.findings, ...linked];
  const policies = await checkPolicies(loaded, content, { isSound: loaded.complete && !before.some(isBlinding) });
  const findings = sortFindings([...before, ...policies]);
  return findings.some((finding) => finding.severity === "error") ? { findings } : { snapshot: content, findings };
}

/** Everything that is wrong with the files, offline: documents, links between them, policies and policy tests. */
export async function checkFiles(files: readonly ConfigFile[]): Promise<readonly Finding[]> {
  return (await compileBundle("check", files)).findings;
}

/** Whether a finding leaves open what tools there are and what policies may see of them. */
function isBlinding({ code, severity }: Finding): boolean {
  return severity === "error" && code !== "AW1212" && /^AW1(?:0|2|106|302|305)/.test(code);
}

async function checkPolicies(
  loaded: LoadedFiles,
  content: SnapshotContent,
  { isSound }: { readonly isSound: boolean },
): Promise<readonly Finding[]> {
  const tests = readPolicyTests(loaded.tests, { ...content.agents, [recallName]: recallAgent([]) });
  if (loaded.policies.length === 0 && tests.cases.length === 0) return tests.findings;
  const tools = toPolicyTools(content);
  const checked = await validateBundle({ policies: loaded.policies, tools, teams: Object.keys(content.teams) });
  if (isSound && checked.findings.length === 0) {
    const { tenant, digest } = content;
    return checkPolicyTests({ tenant, version: 1, digest, policies: checked.policies, tools }, tests);
  }
  const findings = checked.findings.map(adoptPolicyFinding).filter((finding) => isSound || !isAboutTools(finding));
  return [...tests.findings, ...findings.map((one) => (one.file === "" ? placeAtTools(loaded, one) : one))];
}

/** The engine knows tools and not where they are declared; such a finding goes to the first connector. */
function placeAtTools(loaded: LoadedFiles, finding: Finding): Finding {
  const named = loaded.declared.find((one) => one.kind === "Tool" && finding.message.includes(`tool ${one.name} `));
  const place = named ?? loaded.declared[0];
  return place === undefined || finding.code !== "AW1521"
    ? finding
    : makeFinding("AW1521", place, { message: finding.message, hint: finding.hint });
}

function assembleSnapshot(
  tenant: string,
  documents: readonly ConfigDocument[],
  policies: readonly PolicyFile[],
): SnapshotContent {
  const connectors = byName(documents.filter((one) => one.kind === "Connector"));
  const content = {
    tenant,
    agents: byName(documents.filter((one) => one.kind === "Agent")),
    connectors,
    tools: byName(Object.values(connectors).flatMap(governTools)),
    people: byName(documents.filter((one) => one.kind === "Person")),
    teams: byName(documents.filter((one) => one.kind === "Team")),
    budgets: byName(documents.filter((one) => one.kind === "Budget")),
    contracts: byName(documents.filter((one) => one.kind === "SourceContract")),
    dataClasses: byName(documents.filter((one) => one.kind === "DataClass")),
    dataRules: byName(documents.filter((one) => one.kind === "DataRule")),
    agreements: byName(documents.filter((one) => one.kind === "Agreement")),
    issuers: byName(documents.filter((one) => one.kind === "Issuer")),
    policies: policies.toSorted((left, right) => (left.path < right.path ? -1 : 1)),
    ...recallPolicyOf(documents),
  };
  return { ...content, digest: digestJson(toJson(content)) };
}

/** There is one or none: more are an error. */
function recallPolicyOf(documents: readonly ConfigDocument[]): Pick<Snapshot, "recall"> {
  const recall = documents.find((one) => one.kind === "RecallPolicy");
  return recall ? { recall } : {};
}

type Connector = Snapshot["connectors"][string];

function governTools(connector: Connector): GovernedTool[] {
  // The same definition at another address is another tool: an approval of the one is none of the other.
  const { tools, ...address } = connector;
  const ingesting = isIngesting(connector);
  return tools.map((declared) => {
    const definition =
      connector.type === "documents" ? fillDocumentYields(declared) : ingesting ? fillYields(declared) : declared;
    const { name, effect, reversibility, timeout } = definition;
    return {
      name,
      connector: connector.name,
      effect,
      reversibility: reversibility ?? (effect === "read" ? "read_only" : "irreversible"),
      timeoutMs: timeout === undefined ? defaultTimeoutMs : durationMs(timeout),
      definition,
      digest: digestJson(toJson({ address, definition })),
    };
  });
}

/** Where a record that a source brought in has its age, version and batch is the same for every tool. */
function fillYields<T extends Connector["tools"][number]>(definition: T): T {
  const { yields } = definition;
  if (yields === undefined) return definition;
  const filled = yields.map((rule) => {
    const root = rule.each === undefined ? "$" : "@";
    const asOf = rule.asOf ?? (rule.authoritative === true ? undefined : `${root}.asOf`);
    const age = asOf === undefined ? {} : { asOf };
    return { ...rule, ...age, version: rule.version ?? `${root}.version`, batch: rule.batch ?? `${root}.batch` };
  });
  return { ...definition, yields: filled };
}

/** In the order of names, so that files and their order leave no trace. */
function byName<T extends { readonly name: string }>(list: readonly T[]): Record<string, T> {
  const sorted = list.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  return Object.fromEntries(sorted.map((one) => [one.name, one]));
}

/** Checked documents are JSON: reading refused every value that JSON cannot carry. */
function toJson(value: object): Json {
  const copy: Json = JSON.parse(JSON.stringify(value));
  return copy;
}
