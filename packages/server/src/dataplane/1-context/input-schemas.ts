/** Checks arguments against a tool's input schema: the configured one, or the one its MCP server declares. */
import type { GovernedTool, JsonObject, McpConnector, Snapshot } from "@airworthy/contract";
import { Ajv, type ErrorObject, type Options, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

import type { InputProblem, InputSchemas } from "../../kernel/deps.ts";

/** The definitions that an MCP connector's server offers now, pinned ones only. Rejects when it cannot be asked. */
export type McpDefinitions = (
  connector: McpConnector,
) => Promise<readonly { readonly name: string; readonly inputSchema: JsonObject }[]>;

const cachedMax = 2000;
const reportedMax = 5;
const shownMax = 200;
// The schemas were linted when the configuration was checked; upstream ones may use keywords of their own.
const options: Options = {
  strict: false,
  allErrors: false,
  addUsedSchema: false,
  logger: false,
  validateFormats: true,
};

export function createInputSchemas(definitions: McpDefinitions): InputSchemas {
  const compile = createCompiler();
  const compiled = new Map<string, ValidateFunction>();

  async function validatorOf(snapshot: Snapshot, tool: GovernedTool): Promise<ValidateFunction | InputProblem> {
    const known = compiled.get(tool.digest);
    if (known) return known;
    const schema = await schemaOf(snapshot, tool, definitions);
    if ("problem" in schema) return schema.problem;
    const validate = compile(schema.schema);
    if (!validate) return unusable(tool);
    if (compiled.size >= cachedMax) compiled.clear();
    compiled.set(tool.digest, validate);
    return validate;
  }

  return {
    problems: async (snapshot, tool, args) => {
      const validate = await validatorOf(snapshot, tool);
      if (typeof validate !== "function") return [validate];
      if (validate(args)) return [];
      return (validate.errors ?? []).slice(0, reportedMax).map((error) => misfit(tool, error));
    },
  };
}

/** Undefined for what is no schema. Servers on older libraries still say draft-07; all others mean 2020-12. */
function createCompiler(): (schema: Record<string, unknown>) => ValidateFunction | undefined {
  const [current, draft7] = [new Ajv2020(options), new Ajv(options)];
  for (const ajv of [current, draft7]) formats.default(ajv);
  return (schema) => {
    const isDraft7 = String(schema["$schema"]).includes("json-schema.org/draft-07/");
    try {
      return (isDraft7 ? draft7 : current).compile(schema);
    } catch {
      return undefined;
    }
  };
}

async function schemaOf(
  snapshot: Snapshot,
  tool: GovernedTool,
  definitions: McpDefinitions,
): Promise<{ readonly schema: Record<string, unknown> } | { readonly problem: InputProblem }> {
  if ("input" in tool.definition) return { schema: tool.definition.input };
  const connector = snapshot.connectors[tool.connector];
  if (connector?.type !== "mcp") return { problem: changed(tool) };
  // Whatever keeps a server from telling what it offers is its failure, not ours.
  const offered = await definitions(connector).catch(() => undefined);
  if (!offered) return { problem: unavailable(tool) };
  const schema = offered.find((definition) => definition.name === tool.name)?.inputSchema;
  return schema ? { schema } : { problem: changed(tool) };
}

function unavailable({ name }: GovernedTool): InputProblem {
  const detail = `The server of ${name} cannot be reached. Nothing was done; try again later.`;
  return { code: "tool_unavailable", detail, retryable: true };
}

function changed({ name }: GovernedTool): InputProblem {
  const detail = `The server of ${name} does not offer it as it was reviewed; it is held until the change is accepted.`;
  return { code: "tool_changed", detail };
}

function unusable({ name }: GovernedTool): InputProblem {
  const detail = `The server of ${name} describes its arguments with a schema that cannot be used to check them.`;
  return { code: "tool_unusable", detail };
}

/** Names the place and what was expected; never the value, which may be a secret. */
function misfit({ name: tool }: GovernedTool, { instancePath, message, params }: ErrorObject): InputProblem {
  // Names in the arguments are the caller's own, of any length.
  const name = "additionalProperty" in params ? String(params["additionalProperty"]).slice(0, shownMax) : undefined;
  const extra = name === undefined ? "" : ` (${JSON.stringify(name)})`;
  const place = `$${instancePath.replaceAll("/", ".")}`.slice(0, shownMax);
  const detail = `The arguments do not fit ${tool}: ${place} ${message ?? "does not fit"}${extra}.`;
  return { code: "invalid_arguments", detail };
}
