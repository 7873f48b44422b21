/** Loads configuration files into checked documents that know their place; reports everything wrong at once. */
import { documentKinds } from "@airworthy/contract";
import type { ConfigDocument, ConfigFile, DocumentKind, Finding, PolicyFile } from "@airworthy/contract";

import { describeIssue } from "./describe-issue.ts";
import { makeFinding, sortFindings } from "./finding-codes.ts";
import { suggestName } from "./nearest-name.ts";
import { startOfFile } from "./place.ts";
import type { DataPath, Locator, Place } from "./place.ts";
import { isReservedName } from "./reserved-names.ts";
import { readYaml } from "./yaml-source.ts";
import type { YamlDocument } from "./yaml-source.ts";

export type LoadedDocument<D extends ConfigDocument = ConfigDocument> = {
  readonly document: D;
  readonly file: string;
  readonly line: number;
  /** The place of the value at a path, or of the nearest value above it. */
  readonly locate: (path: DataPath) => Place;
  readonly locator: Locator;
};

/** A name that a file declares, even where its document has faults; tools have the kind `Tool`. */
export type DeclaredName = {
  readonly kind: DocumentKind | "Tool";
  readonly name: string;
  readonly file: string;
  readonly place: Place;
};

export type LoadedFiles = {
  readonly documents: readonly LoadedDocument[];
  readonly policies: readonly PolicyFile[];
  readonly tests: readonly ConfigFile[];
  readonly declared: readonly DeclaredName[];
  /** False when something could not be read, so that a name that seems missing may stand there. */
  readonly complete: boolean;
  readonly findings: readonly Finding[];
};

export const configLimits = { maxFiles: 2_000, maxFileBytes: 1_048_576, maxTotalBytes: 16 * 1_048_576 } as const;
const MAX_ISSUES = 50;

type Loading = {
  readonly documents: LoadedDocument[];
  readonly policies: PolicyFile[];
  readonly tests: ConfigFile[];
  readonly declared: DeclaredName[];
  readonly findings: Finding[];
  complete: boolean;
};

/** Never throws. Nothing is read from anywhere but `files`. */
export function loadDocuments(files: readonly ConfigFile[]): LoadedFiles {
  const loading: Loading = { documents: [], policies: [], tests: [], declared: [], findings: [], complete: true };
  for (const file of takeWithinLimits(files, loading)) loadFile(loading, file);
  loading.findings.push(...findDuplicateNames(loading.declared));
  return { ...loading, findings: sortFindings(loading.findings) };
}

function takeWithinLimits(files: readonly ConfigFile[], loading: Loading): ConfigFile[] {
  const { maxFiles, maxFileBytes, maxTotalBytes } = configLimits;
  const taken = new Map<string, ConfigFile>();
  let total = 0;
  const refuse = (file: string, code: "AW1002" | "AW1016", message: string): void => {
    loading.complete = false;
    loading.findings.push(makeFinding(code, { file, place: startOfFile }, { message }));
  };
  for (const file of files) {
    const bytes = Buffer.byteLength(file.text);
    if (taken.has(file.path)) refuse(file.path, "AW1016", `${file.path} was given twice`);
    else if (bytes > maxFileBytes) refuse(file.path, "AW1002", `this file is larger than ${maxFileBytes} bytes`);
    else if (total + bytes > maxTotalBytes || taken.size >= maxFiles) {
      refuse(file.path, "AW1002", `configuration ends here: more than ${maxFiles} files or ${maxTotalBytes} bytes`);
      break;
    } else {
      total += bytes;
      taken.set(file.path, file);
    }
  }
  return [...taken.values()];
}

function loadFile(loading: Loading, file: ConfigFile): void {
  if (/\.test\.ya?ml$/.test(file.path)) loading.tests.push(file);
  else if (file.path.endsWith(".cedar")) loading.policies.push({ path: file.path, text: file.text });
  else if (/\.ya?ml$/.test(file.path)) loadYaml(loading, file);
  else {
    const message = "this is neither YAML nor a Cedar policy";
    loading.findings.push(makeFinding("AW1001", { file: file.path, place: startOfFile }, { message }));
  }
}

function loadYaml(loading: Loading, file: ConfigFile): void {
  const source = readYaml(file);
  loading.findings.push(...source.findings);
  if (!source.complete) loading.complete = false;
  for (const one of source.documents) loadDocument(loading, file.path, one);
}

function loadDocument(loading: Loading, file: string, source: YamlDocument): void {
  const { value, locator, line } = source;
  const kind = kindOf(value);
  if (kind === undefined || !isMap(value)) {
    loading.complete = false;
    loading.findings.push(describeKind(file, source));
    return;
  }
  declareNames(loading, file, { kind, value, locator });
  const schema = documentKinds[kind];
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    loading.documents.push({ document: parsed.data, file, line, locate: locator.value, locator });
    return;
  }
  const subject = { file, value, locator, schema };
  const issues = parsed.error.issues.slice(0, MAX_ISSUES);
  loading.findings.push(...issues.flatMap((issue) => describeIssue(subject, issue)));
}

function kindOf(value: unknown): DocumentKind | undefined {
  const kind = isMap(value) ? value["kind"] : undefined;
  return typeof kind === "string" && isKind(kind) ? kind : undefined;
}

function isKind(name: string): name is DocumentKind {
  return Object.hasOwn(documentKinds, name);
}

function describeKind(file: string, { value, locator }: YamlDocument): Finding {
  const kinds = Object.keys(documentKinds);
  if (!isMap(value)) {
    const message = "a document must be a map of keys and values";
    return makeFinding("AW1007", { file, place: locator.value([]) }, { message, hint: "begin with kind: Agent" });
  }
  const kind = value["kind"];
  const place = kind === undefined ? locator.key([]) : locator.value(["kind"]);
  const message =
    typeof kind === "string"
      ? `${JSON.stringify(kind.slice(0, 60))} is not a kind of document`
      : "this document needs a kind";
  const hint = typeof kind === "string" ? suggestName(kind, kinds) : `kind: ${kinds.join(" | ")}`;
  return makeFinding("AW1008", { file, place }, { message, hint });
}

function declareNames(
  loading: Loading,
  file: string,
  source: { readonly kind: DocumentKind; readonly value: Readonly<Record<string, unknown>>; readonly locator: Locator },
): void {
  const declare = (kind: DeclaredName["kind"], name: unknown, path: DataPath): void => {
    if (typeof name !== "string") {
      loading.complete = false;
      return;
    }
    const place = source.locator.value(path);
    loading.declared.push({ kind, name, file, place });
    if (!isReservedName(name)) return;
    loading.findings.push(makeFinding("AW1017", { file, place }, { message: `"${name}" is a reserved name` }));
  };
  declare(source.kind, source.value["name"], ["name"]);
  const tools = source.kind === "Connector" ? source.value["tools"] : [];
  if (!Array.isArray(tools)) return;
  for (const [index, tool] of tools.entries()) {
    declare("Tool", isMap(tool) ? tool["name"] : undefined, ["tools", index, "name"]);
  }
}

/** Reported at both places, so that whichever file is open shows it. */
function findDuplicateNames(declared: readonly DeclaredName[]): Finding[] {
  const groups = new Map<string, DeclaredName[]>();
  for (const one of declared) {
    const key = `${one.kind}/${one.name}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first, ...others] = group;
    if (first === undefined || others.length === 0) return [];
    return group.map((one) => {
      const other = one === first ? (others[0] ?? first) : first;
      const message = `${one.kind} "${one.name}" is declared twice; also at ${other.file}:${other.place.line}:${other.place.column}`;
      return makeFinding("AW1015", one, { message, hint: "rename or remove one of the two" });
    });
  });
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
