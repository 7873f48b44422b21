/** Reads a recall plan from a file, and says in words what is wrong with one that is none. */
import type { RecallPlan } from "@airworthy/contract";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { Failure } from "./failure.ts";
import { clean } from "./text/clean.ts";

const fix = "Write one with `airworthy recall plan -o FILE`.";

export async function readRecallPlan(cwd: string, file: string): Promise<RecallPlan> {
  const value = parseFile(resolve(cwd, file), file);
  const { RecallPlan: schema } = await import("@airworthy/contract");
  const plan = schema.safeParse(value);
  if (plan.success) return plan.data;
  const issue = plan.error.issues[0];
  const place = issue === undefined ? "" : ` (${issue.path.map(String).join(".") || "top"}: ${issue.message})`;
  throw new Failure("usage", `${clean(file)} is not a recall plan${place}.`, fix);
}

function parseFile(path: string, named: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const cause = error instanceof SyntaxError ? "it is not JSON" : "it cannot be read";
    throw new Failure("usage", `${clean(named)} is not a recall plan: ${cause}.`, fix);
  }
}
