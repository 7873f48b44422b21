/** Checks every path of a tool's definition: its syntax, and that it begins with an argument the tool has. */
import { parsePath } from "../../kernel/path.ts";
import { reportTool } from "./link-index.ts";
import type { LinkedTool, LinkIndex, Tool } from "./link-index.ts";
import { suggestName } from "./nearest-name.ts";
import type { DataPath } from "./place.ts";

export function linkPaths(index: LinkIndex): void {
  for (const linked of index.tools.values()) {
    for (const path of listPaths(linked)) linkPath(index, linked, path);
    linkFacetDefaults(index, linked);
  }
}

type ToolPath = {
  readonly at: DataPath;
  readonly text: string;
  /** What the path reads: the arguments, an answer, a template that may read either, or arguments, item, facts or nothing. */
  readonly reads: "arguments" | "answer" | "template" | "reference";
  /** The JSON types that serve, where that matters. */
  readonly types?: readonly string[];
};

const facetTypes: Readonly<Record<string, readonly string[]>> = {
  string: ["string"],
  integer: ["integer"],
  boolean: ["boolean"],
  "string[]": ["array"],
};

/** Every path that a tool's definition holds. */
function listPaths({ tool }: LinkedTool): ToolPath[] {
  return [...listArgumentPaths(tool), ...listFactPaths(tool), ...listTemplates(tool)].flatMap(({ text, ...rest }) =>
    text === undefined ? [] : [{ ...rest, text }],
  );
}

type MaybePath = Omit<ToolPath, "text"> & { readonly text: string | undefined };

function listArgumentPaths(tool: Tool): MaybePath[] {
  const { facets, entity, touches, amount, sensitive } = tool;
  const { find, list } = "find" in tool || "list" in tool ? tool : {};
  const reads = "arguments";
  const currency = amount?.currency.startsWith("$") === true ? amount.currency : undefined;
  return [
    ...Object.entries(facets ?? {}).map(([name, facet]) => {
      return { at: ["facets", name, "path"], text: facet.path, reads, types: facetTypes[facet.type] ?? [] } as const;
    }),
    ...Object.entries(sensitive ?? {}).map(([name, text]) => ({ at: ["sensitive", name], text, reads }) as const),
    { at: ["find", "by"], text: find?.by, reads, types: ["string", "integer"] },
    { at: ["list", "after"], text: list?.after, reads, types: ["string", "integer"] },
    { at: ["entity", "id"], text: entity?.id, reads, types: ["string", "integer"] },
    ...(touches ?? []).map(({ id }, position): MaybePath => {
      return { at: ["touches", position, "id"], text: id, reads: "arguments", types: ["string", "integer", "array"] };
    }),
    { at: ["amount", "minor"], text: amount?.minor, reads, types: ["integer"] },
    { at: ["amount", "currency"], text: currency, reads, types: ["string"] },
  ];
}

function listFactPaths(tool: Tool): MaybePath[] {
  const { rests_on: restsOn, yields, probe } = tool;
  const rests = (restsOn ?? []).flatMap((rule, position): MaybePath[] => [
    { at: ["rests_on", position, "each"], text: rule.each, reads: "reference" },
    { at: ["rests_on", position, "key"], text: rule.key, reads: "reference" },
    ...Object.entries(rule.lookup.with).map(([name, text]): MaybePath => {
      return { at: ["rests_on", position, "lookup", "with", name], text, reads: "reference" };
    }),
  ]);
  const answers = (yields ?? []).flatMap((rule, position) =>
    (["each", "key", "value", "asOf", "version", "batch", "document"] as const).map((key): MaybePath => {
      return { at: ["yields", position, key], text: rule[key], reads: "answer" };
    }),
  );
  return [
    ...rests,
    ...answers,
    ...listTrustPaths(tool),
    { at: ["probe", "found"], text: probe?.found, reads: "answer" },
    { at: ["records"], text: tool.records, reads: "answer" },
  ];
}

/** `$..name` is a form of its own and cannot be misread. */
function listTrustPaths(tool: Tool): MaybePath[] {
  return (["untrusted", "internal"] as const).flatMap((part) =>
    (tool[part] ?? []).flatMap((text, position): MaybePath[] =>
      /^\$\.\.[A-Za-z_][\w-]*$/.test(text) ? [] : [{ at: [part, position], text, reads: "answer" }],
    ),
  );
}

function listTemplates({ probe, compensate, notice, writes = [] }: Tool): MaybePath[] {
  const parts = [
    { at: ["probe"], template: probe },
    { at: ["compensate"], template: compensate },
    { at: ["notice", "correct"], template: notice?.correct },
  ];
  const servants = parts.flatMap(({ at, template }) =>
    Object.entries(template?.with ?? {}).map(([name, text]): MaybePath => {
      return { at: [...at, "with", name], text, reads: "template" };
    }),
  );
  const written = writes.flatMap((rule, position) =>
    (["key", "value", "version"] as const).map((key): MaybePath => {
      const text = rule[key];
      return { at: ["writes", position, key], text: typeof text === "string" ? text : undefined, reads: "template" };
    }),
  );
  const told: MaybePath = { at: ["notice", "to"], text: notice?.to, reads: "arguments" };
  return [...servants, ...written, told];
}

function linkPath(index: LinkIndex, linked: LinkedTool, path: ToolPath): void {
  const read = whatItReads(path);
  if (read === undefined) return;
  const parsed = tryParse(read.text);
  if (parsed === undefined || !fitsItsPlace(linked, path, parsed)) {
    const message = `"${path.text.slice(0, 60)}" is not a path that can stand here`;
    const hint = "begin with $ (or, below each, @) and go on with .name, ['name'] or [0]; [*] stands in each only";
    reportTool(index, { code: "AW1201", linked, path: path.at }, { message, hint });
    return;
  }
  const [first] = parsed.steps;
  const isArgument = read.reads === "arguments" && parsed.root === "$";
  if (!isArgument || linked.input === undefined || first?.kind !== "name") return;
  linkArgument(index, linked, { ...path, name: first.name, isWhole: parsed.steps.length === 1 });
}

/** The path in it and what that reads; undefined for what reads nothing that could be missing. */
function whatItReads({ reads, text }: ToolPath): { readonly text: string; readonly reads: string } | undefined {
  if (reads === "template") return readTemplate(text);
  if (reads !== "reference") return { text, reads };
  if (!/^[$@]/.test(text)) return undefined;
  // Whether there is such a fact is another check.
  return /^\$facts(?=[.[])/.test(text)
    ? { text: `$${text.slice("$facts".length)}`, reads: "facts" }
    : { text, reads: "arguments" };
}

/** `$result…` reads the answer, `$idempotencyKey` and a text without `$` read nothing. */
function readTemplate(text: string): { readonly text: string; readonly reads: "arguments" | "answer" } | undefined {
  if (!text.startsWith("$") || text === "$idempotencyKey") return undefined;
  if (/^\$result(?=$|[.[])/.test(text)) return { text: `$${text.slice("$result".length)}`, reads: "answer" };
  return { text, reads: "arguments" };
}

function tryParse(text: string): ReturnType<typeof parsePath> | undefined {
  try {
    return parsePath(text);
  } catch {
    return undefined;
  }
}

/** Parts of a tool that may name all places of a list. */
const listParts: ReadonlySet<DataPath[number] | undefined> = new Set(["untrusted", "internal", "records"]);

function fitsItsPlace({ tool }: LinkedTool, path: ToolPath, parsed: ReturnType<typeof parsePath>): boolean {
  const [part, position, key] = path.at;
  const isEach = key === "each" || listParts.has(part);
  if (!isEach && parsed.steps.some((step) => step.kind === "all")) return false;
  if (part === "probe" && path.text.startsWith("$result")) return false;
  return parsed.root === "$" || (!isEach && standsBelowEach(tool, { part, position: Number(position) }));
}

function standsBelowEach(
  tool: Tool,
  at: { readonly part: DataPath[number] | undefined; readonly position: number },
): boolean {
  if (at.part === "rests_on") return tool.rests_on?.[at.position]?.each !== undefined;
  return at.part === "yields" && tool.yields?.[at.position]?.each !== undefined;
}

function linkArgument(
  index: LinkIndex,
  linked: LinkedTool,
  path: ToolPath & { readonly name: string; readonly isWhole: boolean },
): void {
  const { input } = linked;
  if (input === undefined) return;
  if (!Object.hasOwn(input.properties, path.name)) {
    if (!input.closed) return;
    const message = `${path.text} begins with "${path.name}", which is not an argument of ${linked.tool.name}`;
    const hint = suggestName(path.name, Object.keys(input.properties));
    reportTool(index, { code: "AW1202", linked, path: path.at }, { message, hint });
    return;
  }
  const type = typeOf(input.properties[path.name]);
  if (path.types === undefined || !path.isWhole || type === undefined || path.types.includes(type)) return;
  const message = `${path.text} is ${type} in the input; here it must be ${path.types.join(" or ")}`;
  reportTool(index, { code: "AW1217", linked, path: path.at }, { message });
}

function typeOf(schema: unknown): string | undefined {
  const type: unknown = typeof schema === "object" && schema !== null ? Reflect.get(schema, "type") : undefined;
  return typeof type === "string" ? type : undefined;
}

/** A facet that may be absent denies the call in which it is: policies judge by it. */
function linkFacetDefaults(index: LinkIndex, linked: LinkedTool): void {
  for (const [name, facet] of Object.entries(linked.tool.facets ?? {})) {
    const { default: fallback } = facet;
    if (fallback === undefined) linkBareFacet(index, linked, { name, path: facet.path });
    else if (typeof fallback !== (facet.type === "integer" ? "number" : facet.type)) {
      const message = `the default of facet ${name} is not ${facet.type}`;
      reportTool(index, { linked, path: ["facets", name, "default"], code: "AW1217" }, { message });
    }
  }
}

function linkBareFacet(
  index: LinkIndex,
  linked: LinkedTool,
  facet: { readonly name: string; readonly path: string },
): void {
  const [first] = tryParse(facet.path)?.steps ?? [];
  if (linked.input === undefined || first?.kind !== "name") return;
  const { required, properties } = linked.input;
  if (required.has(first.name) || !Object.hasOwn(properties, first.name)) return;
  const message = `facet ${facet.name} may be absent and has no default: a call without "${first.name}" is always denied`;
  const hint = "require the argument, or give the facet a default";
  reportTool(index, { linked, path: ["facets", facet.name, "path"], code: "AW1219" }, { message, hint });
}
