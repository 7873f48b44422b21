/** Publishes a configuration folder at start, unless somebody has applied another one: that stands until it is applied over. */
import { AirworthyError } from "@airworthy/contract";

import type { App } from "./app.ts";
import { compileBundle } from "./controlplane/registry/compile.ts";
import { readFolder } from "./controlplane/registry/read-folder.ts";
import { renderFindings } from "./controlplane/registry/render-findings.ts";

type Publish = {
  readonly tenant: string;
  readonly configDir: string;
  readonly onProgress: (message: string) => void;
};
/** Who published, as the snapshot and the ledger name it; no person can have a name with a space. */
const publisher = "airworthy start";

export async function publishFolder(app: App, { tenant, configDir, onProgress }: Publish): Promise<void> {
  const files = await readFolder(configDir);
  const { snapshot: content, findings } = await compileBundle(tenant, files);
  if (!content) {
    throw new AirworthyError("invalid_input", `${configDir} does not validate.\n${renderFindings(findings, files)}`, {
      fix: "Mend what is named and start again; `airworthy check` says it without a server.",
    });
  }
  const { snapshot: live } = await app.control.view(tenant);
  if (live.digest === content.digest) return;
  const by = live.version === 0 ? publisher : await app.snapshots.publishedBy(tenant, live.version);
  if (by !== publisher) {
    onProgress(
      `warning: the live configuration (version ${live.version}, applied by ${by}) differs from ${configDir} and was left as it is; ` +
        `to change it: airworthy plan ${configDir} -o change.plan, then airworthy apply change.plan`,
    );
    return;
  }
  const base = { version: live.version, digest: live.digest };
  await app.snapshots.publish(tenant, { content, files, base, by: publisher });
  await app.control.refresh(tenant);
}
