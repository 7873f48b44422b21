/** Starts one PostgreSQL for the whole test run: the embedded one, or AIRWORTHY_TEST_DATABASE_URL. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { TestProject } from "vitest/node";

import { launchDatabase } from "../../packages/server/src/store/launcher.ts";

declare module "vitest" {
  interface ProvidedContext {
    database: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const url = process.env["AIRWORTHY_TEST_DATABASE_URL"];
  if (url !== undefined) {
    project.provide("database", JSON.stringify({ connectionString: url }));
    return async () => undefined;
  }
  const folder = mkdtempSync(path.join(tmpdir(), "airworthy-test-"));
  const running = await launchDatabase({ folder });
  project.provide("database", JSON.stringify(running.connection));
  return async () => {
    await running.stop({ adopted: true });
    rmSync(folder, { recursive: true, force: true });
  };
}
