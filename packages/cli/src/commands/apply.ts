/** `airworthy apply`: publishes exactly what a plan showed. */
import type { Plan } from "@airworthy/contract";
import type { Command } from "commander";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { act, type Call, type Cli } from "../call.ts";
import { findConnection, openClient } from "../connection.ts";
import { Failure } from "../failure.ts";
import { withExamples } from "../help.ts";
import { renderPlan } from "../render/plan.ts";
import { createPaint } from "../text/paint.ts";
import { clean } from "../text/clean.ts";
import { countText, digestText } from "../text/value.ts";

type Options = { readonly yes?: boolean };

export function addApply(parent: Command, cli: Cli): void {
  const command = parent
    .command("apply")
    .summary("publish exactly what a plan showed")
    .description("Publish exactly what a plan showed. Refused when the live configuration has moved since.")
    .argument("<file>", "a plan that `airworthy plan -o` wrote")
    .option("--yes", "do not ask")
    .action(act<Options>(cli, runApply));
  withExamples(command, ["airworthy apply change.plan", "airworthy apply change.plan --yes --json"]);
}

async function runApply(call: Call<Options>): Promise<undefined> {
  const { shell, options } = call;
  const plan = await readPlan(call);
  if (options.tenant !== undefined && options.tenant !== plan.tenant) {
    throw new Failure(
      "usage",
      `This plan is for tenant ${clean(plan.tenant)}, not ${clean(options.tenant)}.`,
      "Plan again for that tenant.",
    );
  }
  if (options.yes !== true) shell.err(renderPlan(plan, createPaint(call.errUsesColour)));
  await call.confirm(`Apply ${countText(plan.changes.length, "change")} to tenant ${clean(plan.tenant)}?`, options.yes);
  const connection = findConnection(options, shell);
  // A local administrator acts for any tenant, so the plan's own is named; another key belongs to one already.
  const flags = connection.local ? { ...options, tenant: plan.tenant } : options;
  const client = await openClient(connection, flags, shell);
  const { files, base, digest, tenant } = plan;
  const published = await client.applyConfig({ files, base, digest, tenant });
  call.print("applied", published, () => `applied  snapshot ${published.version} (${digestText(published.digest)})\n`);
  return undefined;
}

async function readPlan(call: Call<Options>): Promise<Plan> {
  const file = call.args[0] ?? "";
  const value = parsePlanFile(resolve(call.shell.cwd, file), file);
  const { Plan: schema } = await import("@airworthy/contract");
  const plan = schema.safeParse(value);
  if (!plan.success) {
    const issue = plan.error.issues[0];
    const place = issue === undefined ? "" : ` (${issue.path.map(String).join(".") || "top"}: ${issue.message})`;
    throw new Failure("usage", `${clean(file)} is not a plan${place}.`, "Write one with `airworthy plan -o FILE`.");
  }
  if (plan.data.findings.some((finding) => finding.severity === "error")) {
    throw new Failure("usage", `The plan in ${clean(file)} has errors.`, "Correct the configuration and plan again.");
  }
  return plan.data;
}

function parsePlanFile(path: string, named: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const cause = error instanceof SyntaxError ? "it is not JSON" : "it cannot be read";
    throw new Failure("usage", `${clean(named)} is not a plan: ${cause}.`, "Write one with `airworthy plan -o FILE`.");
  }
}
