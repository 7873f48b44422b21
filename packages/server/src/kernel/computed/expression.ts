/** One expression in CEL, checked when it is configured and evaluated on every action: bounded, without side effects. */
import { AirworthyError, type Json, type JsonObject } from "@airworthy/contract";
import { Environment, EvaluationError, ParseError, TypeError as CelTypeError } from "@marcbachmann/cel-js";

import type { FacetType } from "../policy/tool-schema.ts";
import { findCost } from "./find-cost.ts";
import { isJsonArray, isJsonObject } from "../json.ts";

export type ComputedValue = string | number | boolean | readonly string[];

/** What an expression may read. `facts`: by name; of a rule with `each`, from key to value. `now`: the store's clock. */
export type ExpressionScope = {
  readonly args: JsonObject;
  readonly facts: JsonObject;
  readonly now: Date;
};

/** What an expression may read, in CEL's own values: prepared once for all expressions of an action. */
export type PreparedScope = Readonly<Record<"args" | "facts" | "now", unknown>>;
export type Expression = (scope: PreparedScope, computed: Readonly<Record<string, ComputedValue>>) => ComputedValue;

/** Items of a list, members of a record. */
const maxItems = 256;

/**
 * Compiles an expression.
 * @throws AirworthyError `invalid_input` that says what is wrong and at which character. The expression itself throws
 * `invalid_input` without any value of the action when it cannot be computed: something is missing or of another type.
 * @see https://github.com/google/cel-spec and, for `slice` and `lists.range`, cel-go's extension for lists
 */
export function compileExpression(source: string, type: FacetType): Expression {
  const parsed = parse(source);
  const checked = parsed.check();
  if (!checked.valid) throw refusal(checked.error, "It must be CEL over args, facts, computed and now.");
  if (!mayBe(checked.type ?? "dyn", type)) {
    throw invalid(`it is ${checked.type}, not ${type}`, { fix: `Write an expression whose value is ${type}.` });
  }
  const fault = findCost(parsed.ast);
  if (fault !== undefined) throw invalid(fault.message, { fix: fault.fix });
  return (scope, computed) => {
    const value = evaluate(() => parsed({ ...scope, computed: toCel({ ...computed }) }));
    const result = readers[type](value);
    if (result === undefined) throw invalid(`its value is not ${type}`, { fix: "Look at what it reads." });
    return result;
  };
}

/** @throws AirworthyError `invalid_input` where a list or a record is too long to be looked through. */
export function prepareScope({ args, facts, now }: ExpressionScope): PreparedScope {
  return { args: toCel(args), facts: toCel(facts), now };
}

/** What `lists` is in CEL: a name that functions are found under. */
class Lists {
  readonly name = "lists";
}

const environment = new Environment({
  unlistedVariablesAreDyn: false,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 2_000, maxDepth: 64, maxListElements: 256, maxMapEntries: 256, maxCallArguments: 8 },
})
  .registerType("Lists", Lists)
  .registerConstant("lists", "Lists", new Lists())
  .registerFunction("Lists.range(int): list<int>", (_lists: unknown, size: bigint) => listRange(size))
  .registerFunction("list.slice(int, int): list", (list: readonly unknown[], from: bigint, to: bigint) =>
    list.slice(Number(from), Number(to)),
  )
  .registerFunction("list.sum(): dyn", (list: readonly unknown[]) => sum(list))
  .registerVariable("args", "map")
  .registerVariable("facts", "map")
  .registerVariable("computed", "map")
  .registerVariable("now", "google.protobuf.Timestamp");

function parse(source: string): ReturnType<typeof environment.parse> {
  try {
    return environment.parse(source);
  } catch (error) {
    throw refusal(error, "It must be an expression in CEL.");
  }
}

function evaluate(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof AirworthyError) throw error;
    // The summary may repeat a value of the action; the code does not.
    const why = error instanceof EvaluationError ? error.code.replaceAll("_", " ") : "it failed";
    throw invalid(why, { fix: "Look at what it reads; has(args.x) asks whether something is there." });
  }
}

const mayBe = (found: string, type: FacetType): boolean => {
  if (found === "dyn") return true;
  if (type === "string[]") return found === "list" || found === "list<string>" || found === "list<dyn>";
  return found === { string: "string", integer: "int", boolean: "bool" }[type];
};

const readers: Readonly<Record<FacetType, (value: unknown) => ComputedValue | undefined>> = {
  string: (value) => (typeof value === "string" ? value : undefined),
  boolean: (value) => (typeof value === "boolean" ? value : undefined),
  integer: (value) => {
    const number = typeof value === "bigint" ? Number(value) : undefined;
    return Number.isSafeInteger(number) ? number : undefined;
  },
  "string[]": (value) => {
    if (!Array.isArray(value)) return undefined;
    const texts = value.filter((item) => typeof item === "string");
    return texts.length === value.length ? texts : undefined;
  },
};

/** CEL has whole numbers and others; JSON does not say which. A list that is too long is refused before anything looks. */
function toCel(value: Json | undefined): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (isJsonArray(value)) {
    refuseSize(value.length);
    return value.map(toCel);
  }
  if (!isJsonObject(value)) return value ?? null;
  const entries = Object.entries(value);
  refuseSize(entries.length);
  // fromEntries defines members, so a name such as __proto__ stays an ordinary one.
  return Object.fromEntries(entries.map(([name, member]) => [name, toCel(member)]));
}

function refuseSize(size: number): void {
  if (size > maxItems) {
    throw invalid(`a list of more than ${maxItems} items`, { fix: "Let the source answer with fewer." });
  }
}

function listRange(size: bigint): bigint[] {
  const length = Number(size);
  refuseSize(length);
  return Array.from({ length: Math.max(0, length) }, (_, index) => BigInt(index));
}

function sum(list: readonly unknown[]): number | bigint {
  if (list.every((item) => typeof item === "bigint")) return list.reduce((total, item) => total + item, 0n);
  const numbers = list.flatMap((item) => (typeof item === "bigint" || typeof item === "number" ? [Number(item)] : []));
  if (numbers.length < list.length) throw invalid("a sum over something that is no number", { fix: "Map it first." });
  return numbers.reduce((total, item) => total + item, 0);
}

function refusal(error: unknown, fix: string): AirworthyError {
  const known = error instanceof ParseError || error instanceof EvaluationError || error instanceof CelTypeError;
  if (!known) return invalid("it cannot be read", { fix });
  const place = error.range === undefined ? {} : { place: `character ${error.range.start + 1}` };
  return invalid(error.summary, { fix, ...place });
}

function invalid(message: string, at: { readonly fix: string; readonly place?: string }): AirworthyError {
  return new AirworthyError("invalid_input", message, at);
}
