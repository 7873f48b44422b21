/** Proves on a policy's parsed form that one more approval can never take a permit away, and that no forbid guards with `has`. */
import type { Expr, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";

import type { Complaint } from "./finding.ts";

/** `word` is the word of the policy to point at. */
export type LintComplaint = Complaint & { readonly word: string };

type Walk = {
  readonly effect: PolicyJson["effect"];
  readonly complaints: LintComplaint[];
  /** The teams whose approval the policy asks about. */
  readonly teams: Set<string>;
};

const readable = new Set(["input", "computed", "facts"]);

/** What is wrong with one policy; empty when it is monotonic in `context.env.approvals`. */
export function lintPolicy(json: PolicyJson): readonly LintComplaint[] {
  const walk: Walk = { effect: json.effect, complaints: [], teams: new Set() };
  const lifting = json.effect === "forbid" ? "unless" : "when";
  for (const clause of json.conditions) visit(clause.body, clause.kind === lifting, walk);
  return json.effect === "forbid" ? [...walk.complaints, ...matchApprover(json, walk.teams)] : walk.complaints;
}

function matchApprover(json: PolicyJson, teams: ReadonlySet<string>): readonly LintComplaint[] {
  const approver = json.annotations?.["approver"];
  const complaints: LintComplaint[] = [];
  if (approver !== undefined && !teams.has(approver)) {
    complaints.push({
      code: "approver_unused",
      message: `@approver("${approver}") promises that their yes lifts this forbid, and no condition says so`,
      hint: `add unless { context.env.approvals.contains("${approver}") }`,
      word: "approver",
    });
  }
  for (const team of teams) {
    if (team === approver) continue;
    complaints.push({
      code: "approver_missing",
      message: `this forbid asks for the approval of "${team}" and does not name them as its approver`,
      hint: approver === undefined ? `add @approver("${team}")` : "write one forbid for each approver",
      word: "approvals",
    });
  }
  return complaints;
}

/** `lifting`: here, true can only turn the policy towards permission. */
function visit(expression: Expr, lifting: boolean, walk: Walk): void {
  const [operator, operand] = open(expression);
  if (operator === "&&" || operator === "||") {
    for (const child of listChildren(operator, operand)) visit(child, lifting, walk);
    return;
  }
  if ((operator === "has" || operator === "hasTag") && walk.effect === "forbid") {
    walk.complaints.push({
      code: "has_in_forbid",
      message: "a forbid that asks with `has` is silent where the value is missing",
      hint: "remove the guard: every declared value is required, and one that is missing is a deny",
      word: operator,
    });
  }
  if (operator === "contains" && isApprovals(childOf(operand, "left"))) {
    visitApproval(childOf(operand, "right"), lifting, walk);
    return;
  }
  if (readsSafely(operator, operand)) return;
  const escape = describeEscape(expression, operator);
  if (escape === undefined) for (const child of listChildren(operator, operand)) visit(child, false, walk);
  else walk.complaints.push(escape);
}

function visitApproval(team: Expr | undefined, lifting: boolean, walk: Walk): void {
  const value = team === undefined ? undefined : open(team)[1];
  const hint =
    walk.effect === "forbid"
      ? 'write unless { context.env.approvals.contains("team") }, joined by && or || only'
      : 'write when { context.env.approvals.contains("team") }, joined by && or || only';
  if (typeof value !== "string" || (team !== undefined && open(team)[0] !== "Value")) {
    const message = "approvals.contains takes the name of a team as a literal";
    walk.complaints.push({ code: "approvals_form", message, hint, word: "approvals" });
    return;
  }
  walk.teams.add(value);
  if (lifting) return;
  const message = "here an approval could take a permit away";
  walk.complaints.push({ code: "approvals_position", message, hint, word: "approvals" });
}

/** A path that goes through context by name and does not end in the approvals. */
function readsSafely(operator: string, operand: unknown): boolean {
  if (operator !== ".") return false;
  const attribute = attributeOf(operand);
  const left = childOf(operand, "left");
  if (isContext(left)) return readable.has(attribute);
  return isEnv(left) && attribute !== "approvals";
}

function describeEscape(expression: Expr, operator: string): LintComplaint | undefined {
  if (isApprovals(expression)) {
    return {
      code: "approvals_form",
      message: "context.env.approvals may only be asked with contains",
      hint: 'context.env.approvals.contains("team")',
      word: "approvals",
    };
  }
  if (isEnv(expression) || isContext(expression)) {
    return {
      code: "context_whole",
      message: "context and context.env may not be used as a whole, for they hold the approvals",
      hint: "name the attribute that is meant, such as context.env.amountMinor",
      word: "context",
    };
  }
  return operator === "Slot"
    ? {
        code: "policy_template",
        message: "templates are not supported",
        hint: "write the entity itself",
        word: "principal",
      }
    : undefined;
}

function open(expression: Expr): readonly [string, unknown] {
  return Object.entries(expression)[0] ?? ["", undefined];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isExpression = (value: unknown): value is Expr => isRecord(value);

function childOf(operand: unknown, name: "left" | "right"): Expr | undefined {
  const child = isRecord(operand) ? operand[name] : undefined;
  return isExpression(child) ? child : undefined;
}

function attributeOf(operand: unknown): string {
  const attribute = isRecord(operand) ? operand["attr"] : undefined;
  return typeof attribute === "string" ? attribute : "";
}

function isContext(expression: Expr | undefined): boolean {
  if (expression === undefined) return false;
  const [operator, operand] = open(expression);
  return operator === "Var" && operand === "context";
}

function isAttribute(expression: Expr | undefined, name: string, of: (left: Expr | undefined) => boolean): boolean {
  if (expression === undefined) return false;
  const [operator, operand] = open(expression);
  return operator === "." && attributeOf(operand) === name && of(childOf(operand, "left"));
}

const isEnv = (expression: Expr | undefined): boolean => isAttribute(expression, "env", isContext);
const isApprovals = (expression: Expr | undefined): boolean => isAttribute(expression, "approvals", isEnv);

/** Every expression directly inside one; an operator that is not known here has all its objects and lists searched. */
function listChildren(operator: string, operand: unknown): readonly Expr[] {
  if (operator === "Value" || operator === "Var" || operator === "Slot") return [];
  if (Array.isArray(operand)) return operand.filter(isExpression);
  if (!isRecord(operand)) return [];
  const parts = operator === "like" ? [operand["left"]] : Object.values(operand);
  return parts.filter(isExpression);
}
