/** Checks arguments against a tool's input schema: the configured one, or the one its MCP server declares. */
import type { GovernedTool, JsonObject, McpConnector, Snapshot } from "@airworthy/contract";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";

import type { InputSchemas } from "../../kernel/deps.ts";

/** The definitions that an MCP connector's server offers now, pinned ones only. */
export type McpDefinitions = (
  connector: McpConnector,
) => Promise<readonly { readonly name: string; readonly inputSchema: JsonObject }[]>;

const cachedMax = 2000;
const reportedMax = 5;
const shownMax = 200;

export function createInputSchemas(definitions: McpDefinitions): InputSchemas {
  // The schemas were linted when the configuration was checked; upstream ones may use keywords of their own.
  const ajv = new Ajv2020({
    strict: false,
    allErrors: false,
    addUsedSchema: false,
    logger: false,
    validateFormats: true,
  });
  formats.default(ajv);
  const compiled = new Map<string, ValidateFunction>();

  async function validatorOf(snapshot: Snapshot, tool: GovernedTool): Promise<ValidateFunction | undefined> {
    const known = compiled.get(tool.digest);
    if (known) return known;
    const schema = await schemaOf(snapshot, tool, definitions);
    if (!schema) return undefined;
    const validate = ajv.compile(schema);
    if (compiled.size >= cachedMax) compiled.clear();
    compiled.set(tool.digest, validate);
    return validate;
  }

  return {
    problems: async (snapshot, tool, args) => {
      const validate = await validatorOf(snapshot, tool);
      if (!validate)
        return ["its server does not offer it as it was reviewed; it is held until the change is accepted"];
      return validate(args) ? [] : (validate.errors ?? []).slice(0, reportedMax).map(describeProblem);
    },
  };
}

async function schemaOf(
  snapshot: Snapshot,
  tool: GovernedTool,
  definitions: McpDefinitions,
): Promise<Record<string, unknown> | undefined> {
  if ("input" in tool.definition) return tool.definition.input;
  const connector = snapshot.connectors[tool.connector];
  if (connector?.type !== "mcp") return undefined;
  const offered = await definitions(connector);
  return offered.find((definition) => definition.name === tool.name)?.inputSchema;
}

/** Names the place and what was expected; never the value, which may be a secret. */
function describeProblem({ instancePath, message, params }: ErrorObject): string {
  // Names in the arguments are the caller's own, of any length.
  const name = "additionalProperty" in params ? String(params["additionalProperty"]).slice(0, shownMax) : undefined;
  const extra = name === undefined ? "" : ` (${JSON.stringify(name)})`;
  const place = `$${instancePath.replaceAll("/", ".")}`.slice(0, shownMax);
  return `${place} ${message ?? "does not fit"}${extra}.`;
}
