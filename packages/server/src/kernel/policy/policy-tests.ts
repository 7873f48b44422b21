/** Runs the cases of *.test.yaml files against an engine and reports each that does not hold. */
import { z } from "zod";

import type { Finding } from "@airworthy/contract";

import { type PolicyClasses, type PolicyPerson, summarisePerson } from "../classes/summarise-classes.ts";
import { type PolicyEntity, untouched } from "../entities/summarise.ts";
import { type PolicyProvenance, untraced } from "../provenance/summarise.ts";
import type { PolicyAnswer, PolicyEngine, PolicyEnv, PolicyRequest } from "./engine.ts";
import { nearestName } from "./finding.ts";
import type { Complaint } from "./finding.ts";
import type { PolicyTool } from "./tool-schema.ts";

const text = z.string();
const value = z.union([z.string(), z.int(), z.boolean()]);

const texts = z.array(text);
const suspects = { untrusted: texts, outside: texts, nowhere: texts, cut: texts } as const;
/** What is left out was not suspect. `facets` are the classes of those that matter, such as `amount: prompt`. */
const provenanceCase = z
  .strictObject({
    worst: text,
    untrusted: texts,
    nowhere: texts,
    derived: texts,
    sensitive: z.strictObject({ ...suspects, worst: text, computed: texts }).partial(),
    references: z.strictObject(suspects).partial(),
    facets: z.record(z.string(), z.strictObject({ from: text, source: text }).partial()),
  })
  .partial();

/** What is left out carries no class. Each class is written with those above it: [pii, pii.name]. */
const classesCase = z.strictObject({ all: texts, facets: z.record(z.string(), texts) }).partial();
/** What is left out is nobody. */
const personCase = z.strictObject({ known: z.boolean(), id: text, issuer: text, attributes: texts }).partial();
const count = z.int();
/** What is left out was not there: nobody else has done anything. */
const entityCase = z
  .strictObject({
    complete: z.boolean(),
    lastState: text,
    states: texts,
    contradicts: texts,
    contradictsOwn: texts,
    holds: texts,
    unsettled: count,
    flow: text,
    recent: z
      .strictObject({ count, agents: texts, people: texts, tools: texts, inMinor: count, outMinor: count })
      .partial(),
    net: z
      .strictObject({ inMinor: count, outMinor: count, netMinor: count, totalMinor: count, currencies: texts })
      .partial(),
  })
  .partial();

/** One case as its author writes it. What is left out of `agent` and `env` is the plainest there is. */
const PolicyTestCase = z.strictObject({
  name: z.string().min(1),
  agent: z.strictObject({ id: text, autonomy: z.int(), stage: text, level: text, fleet: text }).partial().optional(),
  tool: z.string().min(1),
  input: z.record(z.string(), z.union([value, z.array(text)])).optional(),
  env: z
    .strictObject({
      confidenceBp: z.int(),
      confidenceStated: z.boolean(),
      amountMinor: z.int(),
      currency: text,
      approvals: z.array(text),
      repeats: z.int(),
      reversibility: text,
      stage: text,
      hourUtc: z.int(),
      entityType: text,
      entityId: text,
      provenance: provenanceCase,
      classes: classesCase,
      person: personCase,
      entity: entityCase,
    })
    .partial()
    .optional(),
  computed: z.record(z.string(), z.union([value, z.array(text)])).optional(),
  facts: z.record(z.string(), value).optional(),
  expect: z.enum(["allow", "deny", "escalate"]),
  approvers: z.array(text).optional().meta({ description: "With escalate: exactly these teams, in any order." }),
});
type PolicyTestCase = z.infer<typeof PolicyTestCase>;

/** A case as it was parsed, with the place where it begins. */
export type PolicyTestSource = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly value: unknown;
};

export type PolicyTestSubject = {
  readonly engine: Pick<PolicyEngine, "evaluate">;
  readonly tenant: string;
  readonly version: number;
  readonly tools: readonly PolicyTool[];
};

/** A finding for each case that is malformed or does not hold; empty when all hold. Never rejects. */
export async function runPolicyTests(
  subject: PolicyTestSubject,
  cases: readonly PolicyTestSource[],
): Promise<readonly Finding[]> {
  const findings = await Promise.all(cases.map((source) => runCase(subject, source)));
  return findings.flat();
}

async function runCase(subject: PolicyTestSubject, source: PolicyTestSource): Promise<readonly Finding[]> {
  const parsed = PolicyTestCase.safeParse(source.value);
  if (!parsed.success) {
    return parsed.error.issues.map((issue) => {
      const message = `this case is malformed at ${issue.path.join(".") || "its top"}: ${issue.message}`;
      return findingOf(source, { code: "policy_test_malformed", message });
    });
  }
  const { data } = parsed;
  const tool = subject.tools.find(({ name }) => name === data.tool);
  if (tool === undefined) {
    const nearest = nearestName(
      data.tool,
      subject.tools.map(({ name }) => name),
    );
    const hint = nearest === undefined ? undefined : `did you mean "${nearest}"?`;
    const message = `case "${data.name}" calls "${data.tool}", and there is no such tool`;
    return [findingOf(source, { code: "unknown_tool", message, hint })];
  }
  const answer = await subject.engine.evaluate(buildRequest(data, { subject, tool }));
  const broken = describeDifference(data, answer);
  return broken === undefined ? [] : [findingOf(source, { code: "policy_test_failed", ...broken })];
}

function buildRequest(
  { agent, input, computed, env, facts }: PolicyTestCase,
  { subject, tool }: { readonly subject: PolicyTestSubject; readonly tool: PolicyTool },
): PolicyRequest {
  const principal = {
    id: "test-agent",
    autonomy: 0,
    stage: "production",
    level: "intern",
    fleet: "",
    ...dropAbsent(agent),
  };
  const plain: PolicyEnv = {
    confidenceBp: 0,
    confidenceStated: false,
    amountMinor: 0,
    currency: "",
    approvals: [],
    repeats: 0,
    reversibility: tool.reversibility,
    stage: principal.stage,
    hourUtc: 12,
    entityType: "",
    entityId: "",
    provenance: fillProvenance(env?.provenance, Object.keys(tool.facets)),
    classes: fillClasses(env?.classes, Object.keys(tool.facets)),
    person: fillPerson(env?.person),
    entity: fillEntity(env?.entity),
  };
  const { provenance: _, classes: _classes, person: _person, entity: _entity, ...given } = env ?? {};
  return {
    tenant: subject.tenant,
    version: subject.version,
    agent: principal,
    tool: tool.name,
    input: input ?? {},
    computed: computed ?? {},
    env: { ...plain, ...dropAbsent(given) },
    facts: facts ?? {},
  };
}

function fillProvenance(given: z.infer<typeof provenanceCase> = {}, facets: readonly string[]): PolicyProvenance {
  const none = untraced();
  const traced = facets.map(
    (name) => [name, { from: "none", source: "", ...dropAbsent(given.facets?.[name]) }] as const,
  );
  return {
    ...none,
    ...dropAbsent({ worst: given.worst, untrusted: given.untrusted, nowhere: given.nowhere, derived: given.derived }),
    sensitive: { ...none.sensitive, ...dropAbsent(given.sensitive) },
    references: { ...none.references, ...dropAbsent(given.references) },
    facets: Object.fromEntries(traced),
  };
}

function fillClasses(given: z.infer<typeof classesCase> = {}, facets: readonly string[]): PolicyClasses {
  return {
    all: given.all ?? [],
    facets: Object.fromEntries(facets.map((name) => [name, given.facets?.[name] ?? []])),
  };
}

/** Whoever has a name is known. */
function fillPerson(given: z.infer<typeof personCase> | undefined): PolicyPerson {
  return { ...summarisePerson(undefined), known: given?.id !== undefined, ...dropAbsent(given) };
}

function fillEntity({ recent, net, ...whole }: z.infer<typeof entityCase> = {}): PolicyEntity {
  return {
    ...untouched,
    ...dropAbsent(whole),
    recent: { ...untouched.recent, ...dropAbsent(recent) },
    net: { ...untouched.net, ...dropAbsent(net) },
  };
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Zod's optional keys may hold undefined; a default must not be replaced by it. */
function dropAbsent<T extends object>(given: T | undefined): Present<T> {
  const entries = Object.entries(given ?? {}).filter(([, held]) => held !== undefined);
  // Only keys whose value is undefined were taken away.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(entries) as Present<T>;
}

function describeDifference(wanted: PolicyTestCase, answer: PolicyAnswer): Omit<Complaint, "code"> | undefined {
  const because = answer.reasons.map((reason) => reason.detail).join("; ");
  const hint = because === "" ? undefined : `the reasons given: ${because}`;
  if (answer.effect !== wanted.expect) {
    return { message: `case "${wanted.name}" expects ${wanted.expect} and got ${answer.effect}`, hint };
  }
  const approvers = (wanted.approvers ?? answer.approvers).toSorted();
  if (JSON.stringify(approvers) === JSON.stringify(answer.approvers)) return undefined;
  const got = answer.approvers.join(", ") || "nobody";
  return {
    message: `case "${wanted.name}" expects approvers ${approvers.join(", ") || "nobody"} and got ${got}`,
    hint,
  };
}

function findingOf({ file, line, column }: PolicyTestSource, { code, message, hint }: Complaint): Finding {
  const place = { file, line, column, length: 0 };
  return { code, severity: "error", ...place, message, ...(hint === undefined ? {} : { hint }) };
}
