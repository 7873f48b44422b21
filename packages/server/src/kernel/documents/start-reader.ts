/** Starts the process in which documents are read, from sources and from compiled output alike. */
import { fork, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Its environment is empty, so no secret is in it; what it prints is nobody's log. `heapMb`: MiB of heap. */
export function startReader(heapMb: number): ChildProcess {
  const source = new URL("./reader-process.ts", import.meta.url);
  const isSource = import.meta.url.endsWith(".ts");
  const file = fileURLToPath(isSource ? source : new URL(source.href.replace(/\.ts$/u, ".js")));
  const loader = isSource ? ["--conditions=airworthy-source", "--import", loaderUrl()] : [];
  return fork(file, {
    execArgv: [...loader, `--max-old-space-size=${heapMb}`, "--disallow-code-generation-from-strings"],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: {},
  });
}

const loaderUrl = (): string => pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
