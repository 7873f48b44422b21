/** The server package: start it, or use the parts that work without one. */
import { pinTools as writePins, type PinResult } from "./controlplane/registry/pin-tools.ts";
import { createMcpRuntime } from "./dataplane/5-execution/connectors/mcp-runtime.ts";
import { readEnvironment } from "./kernel/config.ts";

export { checkSource } from "./controlplane/readiness/check-source.ts";
export { sampleBaseline } from "./controlplane/readiness/sample-baseline.ts";
export { compareSources } from "./controlplane/readiness/compare-sources.ts";
export { profileSource } from "./controlplane/readiness/describe-source.ts";
export { findContract } from "./controlplane/readiness/find-contract.ts";
export { findFileForm } from "./controlplane/readiness/find-file-form.ts";
export { checkFiles } from "./controlplane/registry/compile.ts";
export { readFolder } from "./controlplane/registry/read-folder.ts";
export { renderFindings } from "./controlplane/registry/render-findings.ts";
export { checkReceipt } from "./check-receipt.ts";
export { startServer, type RunningServer } from "./start-server.ts";
export { launchDatabase, type RunningDatabase } from "./store/launcher.ts";
export { verifyOffline } from "./verify-offline.ts";

/** Pins the tools of one MCP connector as its server offers them now; secrets and URLs come from `env`. */
export async function pinTools(options: {
  readonly configDir: string;
  readonly connector: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}): Promise<PinResult> {
  const mcp = createMcpRuntime(options.env ?? readEnvironment());
  try {
    return await writePins({ ...options, offers: (connector) => mcp.offers(connector) });
  } finally {
    await mcp.close();
  }
}
