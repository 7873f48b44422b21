/** What stands between data and where it goes: classes found, rules applied, tokens made and turned back. One for the process. */
import type {
  AgentDocument,
  DataUse,
  FactUsed,
  GovernedTool,
  Json,
  JsonObject,
  OnBehalfOf,
  Snapshot,
} from "@airworthy/contract";

import { agreementsInForce } from "./agreements-in-force.ts";
import { carriedForms } from "./carried-forms.ts";
import { chooseTreatment, findAgreement, leads, type Way } from "./choose-treatment.ts";
import { type Classifying, classifyJson, type DeclaredField } from "./classify-json.ts";
import type { ClassStore } from "./class-store.ts";
import { compileDetector, type CustomDetector } from "./custom-detector.ts";
import { compileField } from "./field-pattern.ts";
import { type AnswerPart, partsOf, putTogether } from "./answer-parts.ts";
import { prepareArguments, type PreparedArguments } from "./prepare-arguments.ts";
import { gather, treatJson, type Treated } from "./treat-json.ts";

/** Whose answer it is and who hears it. `tool` is absent for the prompts and resources of a server. */
export type Hearing = {
  readonly tenant: string;
  readonly snapshot: Snapshot;
  readonly agent: string;
  readonly tool: GovernedTool | undefined;
  /** The server whose prompts and resources they are, where there is no tool. */
  readonly connector?: string;
};
export type ToPrepare = Hearing & {
  readonly tool: GovernedTool;
  readonly arguments: JsonObject;
  readonly onBehalfOf: OnBehalfOf | undefined;
};
export type DataShield = {
  /** The arguments as they are judged and as they are sent, with what they carry. */
  readonly prepare: (to: ToPrepare) => Promise<PreparedArguments>;
  /** An answer as the agent may have it. Values of declared fields are remembered first. */
  readonly answer: (to: Hearing, result: Json, at: DataUse["at"]) => Promise<Treated>;
  /** The classes of facts that people are shown. Nothing is done with them: it is said what they are. */
  readonly look: (to: Pick<Hearing, "tenant" | "snapshot">, facts: readonly FactUsed[]) => Promise<readonly DataUse[]>;
  /** Remembers what an answer declares, though no agent hears it. */
  readonly note: (to: Omit<Hearing, "agent">, result: Json) => Promise<void>;
};

async function classifyFacts(facts: readonly FactUsed[], looking: Classifying): Promise<readonly DataUse[]> {
  const found = await Promise.all(
    facts.map(async ({ fact, value }) => {
      const leaves = await classifyJson(value, looking);
      return leaves.flatMap(({ marks }) =>
        marks.map(({ class: one, how }): DataUse => ({
          at: "fact",
          path: fact,
          class: one,
          how,
          did: "none",
          count: 1,
        })),
      );
    }),
  );
  return gather(found.flat());
}

type Plan = { readonly custom: readonly CustomDetector[]; readonly carries: boolean };

/** `now`: epoch ms; agreements are in force by it. */
export function createDataShield(store: ClassStore, now: () => number): DataShield {
  const plans = new WeakMap<Snapshot, Plan>();
  const planOf = (snapshot: Snapshot): Plan => {
    const plan = plans.get(snapshot) ?? makePlan(snapshot);
    plans.set(snapshot, plan);
    return plan;
  };
  const lookingOf = ({ tenant, snapshot }: Omit<Hearing, "agent">, declared: readonly DeclaredField[]): Classifying => {
    const { custom, carries } = planOf(snapshot);
    return { declared, custom, carried: carries ? (forms) => store.carried(tenant, forms) : undefined };
  };
  return {
    prepare: (to) => prepareArguments(to, { store, lookingOf: (declared) => lookingOf(to, declared) }),
    answer: async (to, result, at) => {
      const { tenant, snapshot, tool, agent, connector } = to;
      await remember(store, to, result);
      const from = tool ?? (connector === undefined ? undefined : { name: "", connector });
      const hearer = agentOf(snapshot, agent);
      const bare: Way = { agent: hearer, tool: from, to: "agent" };
      const rules = Object.values(snapshot.dataRules).filter((rule) => leads(rule, bare));
      if (rules.length === 0) return { value: result, kept: result, uses: [] };
      const way: Way = { ...bare, agreements: agreementsInForce(snapshot, hearer, now()) };
      const declared = declaredOf(tool?.definition.classes);
      const parts = await Promise.all(
        partsOf(result, isMcp(snapshot, tool)).map(async (part): Promise<AnswerPart & Treated> => {
          const looking = lookingOf(to, part.isRoot ? declared : []);
          const treated = await treatJson(part.root, await classifyJson(part.root, looking), {
            at,
            treat: (one) => chooseTreatment(rules, one, way),
            agreed: (one) => findAgreement(one, way)?.name,
            tokenise: (values) => store.tokenise(tenant, values),
            guarded: true,
          });
          return { ...part, ...treated };
        }),
      );
      const hidesWhole = parts.some(({ uses }) => uses.some(({ did, how }) => did !== "none" && how === "declared"));
      return {
        value: putTogether(
          result,
          parts.map(({ place, value }) => ({ place, root: value })),
          { hidesWhole },
        ),
        kept: putTogether(
          result,
          parts.map(({ place, kept }) => ({ place, root: kept })),
          { hidesWhole },
        ),
        uses: gather(parts.flatMap((part) => part.uses)),
      };
    },
    look: async ({ tenant, snapshot }, facts) => {
      const { custom, carries } = planOf(snapshot);
      const knowsAny = carries || custom.length > 0 || Object.keys(snapshot.dataRules).length > 0;
      return knowsAny ? classifyFacts(facts, lookingOf({ tenant, snapshot, tool: undefined }, [])) : [];
    },
    note: (to, result) => remember(store, to, result),
  };
}

function makePlan({ dataClasses, tools }: Snapshot): Plan {
  return {
    custom: Object.values(dataClasses)
      .filter(({ patterns, words }) => patterns !== undefined || words !== undefined)
      .map(compileDetector),
    carries: Object.values(tools).some(({ definition }) => definition.classes !== undefined),
  };
}

const agentOf = (snapshot: Snapshot, name: string): AgentDocument | undefined =>
  Object.hasOwn(snapshot.agents, name) ? snapshot.agents[name] : undefined;

const isMcp = (snapshot: Snapshot, tool: GovernedTool | undefined): boolean =>
  tool === undefined || snapshot.connectors[tool.connector]?.type === "mcp";

export function declaredOf(fields: GovernedTool["definition"]["classes"] = {}): DeclaredField[] {
  return Object.entries(fields).flatMap(([name, paths]) =>
    paths.map((path) => ({ class: name, matches: compileField(path) })),
  );
}

async function remember(store: ClassStore, to: Omit<Hearing, "agent">, result: Json): Promise<void> {
  const declared = declaredOf(to.tool?.definition.classes);
  if (declared.length === 0) return;
  const roots = partsOf(result, isMcp(to.snapshot, to.tool)).filter((part) => part.isRoot);
  // No detectors and no look-up: only what the declared fields hold.
  const leaves = await Promise.all(
    roots.map(({ root }) => classifyJson(root, { declared, custom: [], carried: undefined })),
  );
  const values = leaves
    .flat()
    .flatMap(({ value, marks }) =>
      marks
        .filter((mark) => mark.how === "declared")
        .flatMap((mark) => carriedForms(value).map((form) => ({ form, class: mark.class }))),
    );
  if (values.length > 0) await store.remember(to.tenant, values);
}
