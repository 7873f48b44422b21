/** Builds the Cedar schema for governed tools: one action per tool, typed input, the facts our layers computed. */
import type { Finding } from "@airworthy/contract";
import type { ActionType, SchemaJson, Type } from "@cedar-policy/cedar-wasm/nodejs";

export type FacetType = "string" | "integer" | "boolean" | "string[]";

/** A governed tool as policies see it. `facts` are those it rests on, each with the type its source declares. */
export type PolicyTool = {
  readonly name: string;
  readonly system: string;
  readonly effect: "read" | "write";
  readonly money: boolean;
  readonly reversibility: string;
  readonly facets: Readonly<Record<string, FacetType>>;
  /** What expressions compute from arguments and facts. */
  readonly computed: Readonly<Record<string, FacetType>>;
  readonly facts: Readonly<Record<string, "string" | "integer" | "boolean">>;
};

const namespace = "Airworthy";
export const actionType = `${namespace}::Action`;
export const agentType = `${namespace}::Agent`;
export const fleetType = `${namespace}::Fleet`;
export const toolType = `${namespace}::Tool`;
export const systemType = `${namespace}::System`;

/** The actions that stand for many tools. */
export const actionGroups = ["call_tool", "read", "write", "money"] as const;

/** `context.env`: what our own layers know about the action. Every attribute is required. */
export const envTypes = {
  /** Basis points, 0 to 10,000; 0 when not stated. */
  confidenceBp: "integer",
  confidenceStated: "boolean",
  amountMinor: "integer",
  currency: "string",
  approvals: "string[]",
  repeats: "integer",
  reversibility: "string",
  stage: "string",
  hourUtc: "integer",
  entityType: "string",
  entityId: "string",
} as const satisfies Readonly<Record<string, FacetType>>;

const suspects = { untrusted: "string[]", outside: "string[]", nowhere: "string[]", cut: "string[]" } as const;

/** `context.env.provenance`, part by part; `facets` has one record for each declared facet. */
export const provenanceTypes = {
  whole: { worst: "string", untrusted: "string[]", nowhere: "string[]", derived: "string[]" },
  sensitive: { ...suspects, worst: "string", computed: "string[]" },
  references: suspects,
  facet: { from: "string", source: "string" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, FacetType>>>>;

/** `context.env.classes`; under `facets`, one list for each declared facet. */
export const classesTypes = { all: "string[]" } as const satisfies Readonly<Record<string, FacetType>>;
/** `context.env.person`: on whose behalf the agent acts. */
export const personTypes = {
  known: "boolean",
  id: "string",
  issuer: "string",
  attributes: "string[]",
} as const satisfies Readonly<Record<string, FacetType>>;

/** `context.env.entity`, part by part. */
export const entityTypes = {
  whole: {
    complete: "boolean",
    lastState: "string",
    states: "string[]",
    contradicts: "string[]",
    contradictsOwn: "string[]",
    holds: "string[]",
    unsettled: "integer",
    flow: "string",
  },
  recent: {
    count: "integer",
    agents: "string[]",
    people: "string[]",
    tools: "string[]",
    inMinor: "integer",
    outMinor: "integer",
  },
  net: { inMinor: "integer", outMinor: "integer", netMinor: "integer", totalMinor: "integer", currencies: "string[]" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, FacetType>>>>;

/** The groups that one tool's action belongs to. */
export function listGroups(tool: PolicyTool): readonly string[] {
  return ["call_tool", tool.effect, ...(tool.money ? ["money"] : [])];
}

/** The schema in Cedar's JSON form. With a single tool it is that tool's own, far cheaper to evaluate against. */
export function buildToolSchema(tools: readonly PolicyTool[]): SchemaJson<string> {
  const groups = actionGroups.map((name): [string, ActionType<string>] => [name, {}]);
  const actions = tools.map((tool): [string, ActionType<string>] => [tool.name, describeAction(tool)]);
  return {
    [namespace]: {
      entityTypes: {
        Fleet: {},
        System: {},
        Agent: {
          memberOfTypes: ["Fleet"],
          shape: recordOf({ autonomy: "integer", stage: "string", level: "string" }),
        },
        Tool: { memberOfTypes: ["System"], shape: recordOf({ effect: "string", reversibility: "string" }) },
      },
      actions: Object.fromEntries([...groups, ...actions]),
    },
  };
}

function describeAction(tool: PolicyTool): ActionType<string> {
  return {
    memberOf: listGroups(tool).map((id) => ({ id })),
    appliesTo: {
      principalTypes: ["Agent"],
      resourceTypes: ["Tool"],
      context: {
        type: "Record",
        attributes: {
          input: recordOf(tool.facets),
          computed: recordOf(tool.computed),
          env: describeEnv(tool),
          facts: recordOf(tool.facts),
        },
      },
    },
  };
}

function describeEnv(tool: PolicyTool): Type<string> {
  const facet = recordOf(provenanceTypes.facet);
  const parts = {
    sensitive: recordOf(provenanceTypes.sensitive),
    references: recordOf(provenanceTypes.references),
    facets: nest({}, Object.fromEntries(Object.keys(tool.facets).map((name) => [name, facet]))),
  };
  const classes = Object.fromEntries(Object.keys(tool.facets).map((name) => [name, "string[]" as const]));
  const { whole, recent, net } = entityTypes;
  return nest(envTypes, {
    provenance: nest(provenanceTypes.whole, parts),
    classes: nest(classesTypes, { facets: recordOf(classes) }),
    person: recordOf(personTypes),
    entity: nest(whole, { recent: recordOf(recent), net: recordOf(net) }),
  });
}

const cedarTypes: Readonly<Record<FacetType, Type<string>>> = {
  string: { type: "String" },
  integer: { type: "Long" },
  boolean: { type: "Boolean" },
  "string[]": { type: "Set", element: { type: "String" } },
};

function recordOf(facets: Readonly<Record<string, FacetType>>): Type<string> {
  return nest(facets, {});
}

/** A record of plain attributes and of records. */
function nest(
  facets: Readonly<Record<string, FacetType>>,
  records: Readonly<Record<string, Type<string>>>,
): Type<string> {
  const attributes = Object.entries(facets).map(([name, type]) => [name, cedarTypes[type]] as const);
  return { type: "Record", attributes: { ...Object.fromEntries(attributes), ...records } };
}

/** What makes these tools impossible to describe to Cedar. Findings point at no line: tools are declared elsewhere. */
export function checkTools(tools: readonly PolicyTool[]): readonly Finding[] {
  const seen = new Set<string>(actionGroups);
  return tools.flatMap((tool) => {
    const faults: string[] = [];
    if (seen.has(tool.name)) faults.push("its name is taken, by another tool or by a group of actions");
    seen.add(tool.name);
    for (const name of [tool.facets, tool.computed, tool.facts].flatMap(Object.keys)) {
      if (name.startsWith("__")) faults.push(`"${name}" begins with two underscores, which Cedar keeps for itself`);
    }
    return faults.map((fault) => describeFault(tool, fault));
  });
}

function describeFault(tool: PolicyTool, fault: string): Finding {
  const message = `tool ${tool.name} of ${tool.system} cannot be governed: ${fault}`;
  return { code: "tool_name", severity: "error", file: "", line: 1, column: 1, length: 0, message, hint: "rename it" };
}
