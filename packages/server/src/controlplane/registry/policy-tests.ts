/** Reads the cases of *.test.yaml files and runs them against the policies they stand beside. */
import { AirworthyError, Level } from "@airworthy/contract";
import type { AgentDocument, ConfigFile, Finding } from "@airworthy/contract";

import { createPolicyEngine } from "../../kernel/policy/engine.ts";
import type { PolicyBundle } from "../../kernel/policy/engine.ts";
import { runPolicyTests } from "../../kernel/policy/policy-tests.ts";
import type { PolicyTestSource } from "../../kernel/policy/policy-tests.ts";
import { makeFinding } from "./finding-codes.ts";
import { suggestName } from "./nearest-name.ts";
import type { Place } from "./place.ts";
import { adoptPolicyFinding } from "./policy-findings.ts";
import { readYaml } from "./yaml-source.ts";

type Agents = Readonly<Record<string, AgentDocument>>;
type Case = PolicyTestSource & { readonly place: Place };
type ReadCases = { readonly cases: readonly Case[]; readonly findings: readonly Finding[] };

/** Every case of the files, or what is wrong with them. `agent: NAME` stands for that agent as it is configured. */
export function readPolicyTests(files: readonly ConfigFile[], agents: Agents): ReadCases {
  const cases: Case[] = [];
  const findings: Finding[] = [];
  for (const file of files) {
    const source = readYaml(file);
    findings.push(...source.findings);
    for (const { value, locator } of source.documents) {
      if (!Array.isArray(value)) {
        const message = "a policy test file is a list of cases";
        const hint = "begin each with - name: and give tool and expect";
        findings.push(makeFinding("AW1531", { file: file.path, place: locator.value([]) }, { message, hint }));
        continue;
      }
      for (const [position, one] of value.entries()) {
        const place = locator.value([position, "expect"]);
        const agent = findAgent(one, agents);
        if (agent !== undefined && "missing" in agent) {
          const text = {
            message: `there is no agent "${agent.missing}"`,
            hint: suggestName(agent.missing, Object.keys(agents)),
          };
          findings.push(makeFinding("AW1531", { file: file.path, place: locator.value([position, "agent"]) }, text));
          continue;
        }
        const whole: unknown = agent === undefined ? one : { ...Object(one), agent };
        cases.push({ file: file.path, line: place.line, column: place.column, value: whole, place });
      }
    }
  }
  return { cases, findings };
}

/** Findings for the cases that do not hold. The bundle must have been validated without one. */
export async function checkPolicyTests(bundle: PolicyBundle, { cases, findings }: ReadCases): Promise<Finding[]> {
  if (cases.length === 0) return [...findings];
  const engine = createPolicyEngine({ deadlineMs: 20_000 });
  try {
    await engine.load(bundle);
    const { tenant, version, tools } = bundle;
    const failed = await runPolicyTests({ engine, tenant, version, tools }, cases);
    return [
      ...findings,
      ...failed.map((finding) => adoptPolicyFinding({ ...finding, length: lengthAt(cases, finding) })),
    ];
  } catch (error) {
    if (!(error instanceof AirworthyError)) throw error;
    const [first] = cases;
    const message = `the policies could not be tried: ${error.message}`;
    return [...findings, ...(first === undefined ? [] : [makeFinding("AW1522", first, { message })])];
  } finally {
    await engine.close();
  }
}

function lengthAt(cases: readonly Case[], { file, line, column }: Finding): number {
  const found = cases.find((one) => one.file === file && one.line === line && one.column === column);
  return found?.place.length ?? 1;
}

type Principal = {
  readonly id: string;
  readonly autonomy: number;
  readonly stage: string;
  readonly level: string;
  readonly fleet: string;
};

function findAgent(one: unknown, agents: Agents): Principal | { readonly missing: string } | undefined {
  const name: unknown = typeof one === "object" && one !== null ? Reflect.get(one, "agent") : undefined;
  if (typeof name !== "string") return undefined;
  const agent = Object.hasOwn(agents, name) ? agents[name] : undefined;
  if (agent === undefined) return { missing: name };
  const { stage, level, fleet = "default" } = agent;
  return { id: name, autonomy: Level.options.indexOf(level), stage, level, fleet };
}
