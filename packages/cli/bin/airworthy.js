#!/usr/bin/env node
// Runs the bundle where it was built, and the sources in a checkout where it was not.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const bundle = at("../dist/airworthy.js");

if (existsSync(bundle)) {
  await import("../dist/airworthy.js");
} else {
  runSources();
}

/** Conditions are read when a process starts, so the sources need a process of their own. */
function runSources() {
  const main = at("../src/main.ts");
  const loader = findLoader();
  if (loader === undefined || !existsSync(main)) {
    process.stderr.write("error: there is neither a built airworthy nor its sources here\n  fix: npm run build\n");
    process.exitCode = 1;
    return;
  }
  const words = ["--conditions=airworthy-source", "--import", loader, main, ...process.argv.slice(2)];
  // The loader would otherwise apply the tsconfig.json of whatever folder the user stands in.
  const env = { ...process.env, TSX_TSCONFIG_PATH: at("../tsconfig.json") };
  const child = spawn(process.execPath, words, { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 143);
  });
  child.on("error", (error) => {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  });
}

function findLoader() {
  try {
    return import.meta.resolve("tsx");
  } catch {
    return undefined;
  }
}
