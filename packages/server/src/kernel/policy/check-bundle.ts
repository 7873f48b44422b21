/** Checks a whole bundle in the calling thread: parsing, lints, names in heads, and Cedar's strict validator. */
import type { Finding, PolicyFile } from "@airworthy/contract";
import { validate } from "./cedar.ts";
import type { ValidationError } from "@cedar-policy/cedar-wasm/nodejs";

import { findingAt, nearestName } from "./finding.ts";
import type { Complaint, Stretch } from "./finding.ts";
import { lintPolicy } from "./monotonic-lint.ts";
import { describeError, engineDied, parsePolicyFiles } from "./policy-source.ts";
import type { EntityHead, ParsedPolicy, PolicySource } from "./policy-source.ts";
import { tokenize } from "./policy-text.ts";
import type { TextLimits } from "./policy-text.ts";
import { listActionIds } from "./slice.ts";
import { actionGroups, buildToolSchema, checkTools, listGroups, systemType, toolType } from "./tool-schema.ts";
import type { PolicyTool } from "./tool-schema.ts";

/** A bundle before it is trusted. `teams`, when given, are the only ones that may be named as approvers. */
export type CandidateBundle = {
  readonly policies: readonly PolicyFile[];
  readonly tools: readonly PolicyTool[];
  readonly teams?: readonly string[];
};
export type CheckedBundle = { readonly policies: readonly PolicySource[]; readonly findings: readonly Finding[] };

/** The policies that could be read and everything that is wrong; a bundle with any finding must not be loaded. */
export function checkBundle(bundle: CandidateBundle, limits: TextLimits): CheckedBundle {
  const { parsed, findings } = parsePolicyFiles(bundle.policies, limits);
  const policies = parsed.map(({ policy }) => policy);
  const toolFindings = checkTools(bundle.tools);
  const lints = parsed.flatMap((one) => lintOne(one, bundle));
  const resources = checkResources(policies, bundle.tools);
  const dead = findings.some((finding) => finding.code === engineDied);
  const validated = dead || toolFindings.length > 0 ? [] : validateStrictly(policies, bundle.tools);
  const all = [...toolFindings, ...findings, ...lints, ...resources, ...validated];
  return { policies, findings: dropRepeats(all).toSorted(byPlace) };
}

function byPlace(left: Finding, right: Finding): number {
  return left.file.localeCompare(right.file) || left.line - right.line || left.column - right.column;
}

/** Cedar says the same of one place once for each tool, in no fixed order; once is enough, and always the same one. */
function dropRepeats(findings: readonly Finding[]): readonly Finding[] {
  const kept = new Map<string, Finding>();
  for (const finding of findings.toSorted((left, right) => left.message.localeCompare(right.message))) {
    const { file, line, column, length, code, message } = finding;
    const key = JSON.stringify([file, line, column, length, code, file === "" ? message : ""]);
    if (!kept.has(key)) kept.set(key, finding);
  }
  return [...kept.values()];
}

function lintOne({ policy, json }: ParsedPolicy, bundle: CandidateBundle): readonly Finding[] {
  const lints = lintPolicy(json).map((complaint) => findingAt(pointAt(policy, complaint.word), complaint));
  const approver = policy.annotations["approver"];
  if (approver === undefined || bundle.teams === undefined || bundle.teams.includes(approver)) return lints;
  const complaint = unknownName({ code: "unknown_team", what: "team", name: approver }, bundle.teams);
  return [...lints, findingAt(pointAt(policy, approver), complaint)];
}

function pointAt(policy: PolicySource, word: string): Stretch {
  const found = tokenize(policy.text).find((token) => token.text === word || token.text === JSON.stringify(word));
  return found === undefined ? policy : { ...policy, start: found.start, end: found.end };
}

function unknownName(
  of: { readonly code: string; readonly what: string; readonly name: string },
  known: readonly string[],
): Complaint & { readonly hint: string } {
  const nearest = nearestName(of.name, known);
  return {
    code: of.code,
    message: `there is no ${of.what} "${of.name}"`,
    hint: nearest === undefined ? "name one that the configuration declares" : `did you mean "${nearest}"?`,
  };
}

/** Cedar knows which actions exist, not which tools and systems do. */
function checkResources(policies: readonly PolicySource[], tools: readonly PolicyTool[]): readonly Finding[] {
  const toolNames = tools.map((tool) => tool.name);
  const systems = [...new Set(tools.map((tool) => tool.system))];
  return policies.flatMap((policy) => {
    const resource = namedResource(policy.head.resource);
    if (resource === undefined) return [];
    const [what, known] = resource.type === toolType ? (["tool", toolNames] as const) : (["system", systems] as const);
    if (known.includes(resource.id)) return [];
    const complaint = unknownName({ code: `unknown_${what}`, what, name: resource.id }, known);
    return [findingAt(pointAt(policy, resource.id), complaint)];
  });
}

function namedResource(head: EntityHead): { readonly type: string; readonly id: string } | undefined {
  const entity = head.op === "is" ? head.within : head.op === "all" ? undefined : head.entity;
  return entity?.type === toolType || entity?.type === systemType ? entity : undefined;
}

function validateStrictly(policies: readonly PolicySource[], tools: readonly PolicyTool[]): readonly Finding[] {
  const byId = new Map(policies.map((policy) => [policy.id, policy]));
  const answer = validate({
    schema: buildToolSchema(tools),
    policies: { staticPolicies: Object.fromEntries(policies.map((policy) => [policy.id, policy.text])) },
    validationSettings: { mode: "strict" },
  });
  const whole: Stretch = { file: policies[0]?.file ?? "", line: 1, column: 1, text: "" };
  if (answer.type === "failure") return answer.errors.map((error) => describeError(error, whole, "policy_invalid"));
  const broken = new Set(answer.validationErrors.map((error) => error.policyId));
  const idle = findIdle(policies, tools);
  const warnings = answer.validationWarnings.filter(({ policyId }) => !broken.has(policyId) && !idle.has(policyId));
  const place = ({ policyId, error }: ValidationError): Finding =>
    nameUnknownAction(describeError(error, byId.get(policyId) ?? whole, "policy_invalid"), tools);
  const others = answer.otherWarnings.map((warning) => describeError(warning, whole, "policy_invalid"));
  return [...answer.validationErrors.map(place), ...warnings.map(place), ...others];
}

/** Cedar finds unknown actions wherever they stand, but its guess at what was meant is poor. */
function nameUnknownAction(finding: Finding, tools: readonly PolicyTool[]): Finding {
  const name = /^unrecognized action `Airworthy::Action::"(.*)"`/u.exec(finding.message)?.[1];
  if (name === undefined) return finding;
  const known = [...tools.map((tool) => tool.name), ...actionGroups];
  return { ...finding, ...unknownName({ code: "unknown_tool", what: "tool or group of tools", name }, known) };
}

/** Policies for a group that has no tool yet: they say nothing now and are checked again with the first tool. */
function findIdle(policies: readonly PolicySource[], tools: readonly PolicyTool[]): ReadonlySet<string> {
  const inUse = new Set(tools.flatMap((tool) => [tool.name, ...listGroups(tool)]));
  const empty = new Set<string>(actionGroups.filter((group) => !inUse.has(group)));
  const idle = policies.filter(({ head }) =>
    head.action.op === "all" ? tools.length === 0 : listActionIds(head.action).every((id) => empty.has(id)),
  );
  return new Set(idle.map((policy) => policy.id));
}
