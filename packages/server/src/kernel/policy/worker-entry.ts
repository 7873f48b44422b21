/** Starts a worker thread on a file of ours, from sources and from compiled output alike. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { WorkerOptions } from "node:worker_threads";

/**
 * Starts a thread on `source`, the URL of a `.ts` file beside its caller. Compiled output has a `.js` file in its place;
 * sources are read through tsx, whatever the parent thread was started with.
 */
export function startWorker(source: URL, options: WorkerOptions): Worker {
  if (!import.meta.url.endsWith(".ts")) {
    return new Worker(new URL(source.href.replace(/\.ts$/u, ".js")), { ...options, execArgv: [] });
  }
  // `--import tsx` does nothing in a thread, and its API works there only as an ES module.
  const home = pathToFileURL(createRequire(import.meta.url).resolve("tsx/package.json"));
  const api = new URL("./dist/esm/api/index.mjs", home).href;
  const register = `import { register } from ${JSON.stringify(api)}; register();`;
  const preload = `data:text/javascript,${encodeURIComponent(register)}`;
  return new Worker(source, { ...options, execArgv: ["--conditions=airworthy-source", "--import", preload] });
}
