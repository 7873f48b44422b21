/** A source on a real store, run by hand as one node would. */
import { tmpdir } from "node:os";
import path from "node:path";

import type { IngestConnector, SecretRef, Snapshot, SourceContractDocument } from "@airworthy/contract";

import { fillUrl, readPem, readSecret } from "../../packages/server/src/dataplane/5-execution/connectors/secrets.ts";
import { createIntake } from "../../packages/server/src/intake/create-intake.ts";
import type { SourceDriver, SourceIntake } from "../../packages/server/src/intake/source-driver.ts";
import { createPeers } from "../../packages/server/src/kernel/network/create-peers.ts";
import type { Database } from "../../packages/server/src/store/database.ts";
import { createSourceStore } from "../../packages/server/src/store/sources.ts";

export type Around = (intake: SourceIntake) => SourceIntake;
export type RunningSource = { readonly ended: Promise<void>; readonly stop: () => Promise<void> };

/** Until `stop`; `around` may break what it delivers. */
export async function runSource<C extends IngestConnector>(
  db: Database,
  source: {
    readonly driver: SourceDriver<C>;
    readonly connector: C;
    readonly contracts: Readonly<Record<string, SourceContractDocument>>;
    readonly spool?: string | undefined;
  },
  around: Around = (intake) => intake,
): Promise<RunningSource> {
  const { driver, connector, contracts, spool = path.join(tmpdir(), "airworthy-no-spool") } = source;
  const store = createSourceStore(db);
  const holder = `node-${process.pid}-${Math.random()}`;
  const lease = await store.acquire({ tenant: "t", connector: connector.name }, holder);
  if (!lease) throw new Error("no lease");
  const snapshot = { contracts, tools: {}, connectors: {} } as unknown as Snapshot;
  const abort = new AbortController();
  const untyped = driver.untyped(connector);
  const intake = createIntake({ store, lease, snapshot, connector, untyped, now: Date.now });
  const { env } = process;
  const secret = (ref: SecretRef): string => readSecret(ref, env);
  const pem = (ref: SecretRef): string => readPem(ref, env);
  const fill = (text: string): string => fillUrl(text, env);
  const peers = createPeers({ text: pem, fill, now: Date.now });
  const run = { tenant: "t", connector, snapshot, intake: around(intake), secret, pem, spool, fill, peers };
  const ended = driver.run({ ...run, signal: abort.signal }).then(
    () => undefined,
    async (error: unknown) => {
      await store.release(lease, holder);
      throw error;
    },
  );
  return {
    ended,
    async stop() {
      abort.abort();
      await ended;
      await store.release(lease, holder);
    },
  };
}
