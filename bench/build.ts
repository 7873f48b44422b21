/** Bundles the command line, with the server in it, and the peers it is measured against, so that they start like released programs. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { build, type Plugin } from "esbuild";

export type Bundle = {
  readonly folder: string;
  /** `airworthy` as one file. */
  readonly cli: string;
  readonly peers: string;
  readonly remove: () => void;
};

const root = path.join(import.meta.dirname, "..");
const server = path.join(root, "packages", "server", "src");

/** Packages stay packages, as in a release; only what is ours goes into the bundle. */
const packagesOutside: Plugin = {
  name: "packages-outside",
  setup(setup) {
    setup.onResolve({ filter: /^[^./]/ }, ({ path: name }) =>
      name.startsWith("@airworthy/") || path.isAbsolute(name) ? undefined : { path: name, external: true },
    );
  },
};

export async function buildBundle(): Promise<Bundle> {
  const folder = mkdtempSync(path.join(tmpdir(), "airworthy-bench-"));
  await build({
    entryPoints: {
      airworthy: path.join(root, "packages", "cli", "src", "main.ts"),
      // Threads are started on a file beside the one that starts them.
      "engine-worker": path.join(server, "kernel", "policy", "engine-worker.ts"),
      "validate-worker": path.join(server, "kernel", "policy", "validate-worker.ts"),
      peers: path.join(import.meta.dirname, "peers.ts"),
    },
    outdir: folder,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: true,
    conditions: ["airworthy-source"],
    plugins: [packagesOutside],
    logLevel: "warning",
  });
  cpSync(path.join(server, "store", "migrations"), path.join(folder, "migrations"), { recursive: true });
  cpSync(path.join(root, "packages", "cli", "package.json"), path.join(folder, "package.json"));
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"), "dir");
  return {
    folder,
    cli: path.join(folder, "airworthy.js"),
    peers: path.join(folder, "peers.js"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
