/** Snapshots in the store: numbered, immutable, published in one transaction with the epoch that makes nodes see them. */
import { randomBytes } from "node:crypto";

import { AirworthyError, type Snapshot } from "@airworthy/contract";

import type { SnapshotContent, SnapshotStore } from "../kernel/control-store.ts";
import type { Database, Queryable } from "./database.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import { raiseEpoch } from "./stops.ts";

const emptyDigest = "none";

function emptySnapshot(tenant: string): Snapshot {
  const nothing = { agents: {}, connectors: {}, tools: {}, people: {}, teams: {}, budgets: {}, policies: [] };
  return { tenant, version: 0, digest: emptyDigest, ...nothing, ...noLater };
}

/** Snapshots that were published before there were such documents lack them. */
const noLater = { contracts: {}, dataClasses: {}, dataRules: {}, agreements: {}, issuers: {} };

export async function readSnapshot(db: Queryable, tenant: string, version: number): Promise<Snapshot> {
  if (version === 0) return emptySnapshot(tenant);
  const [row] = await db.query<{ content: string }>({
    text: "select content from snapshots where tenant = $1 and version = $2",
    values: [tenant, version],
  });
  if (!row) throw missing(tenant, version);
  return { ...noLater, ...(JSON.parse(row.content) as SnapshotContent), tenant, version };
}

function missing(tenant: string, version: number): AirworthyError {
  return new AirworthyError("internal", `Snapshot ${version} of ${tenant} is missing from the store.`);
}

/** A tenant with its own digest key, if there is none yet. */
export async function ensureTenantRows(db: Queryable, tenant: string): Promise<void> {
  await db.query({
    text: "insert into tenants (tenant, digest_key) values ($1, $2) on conflict do nothing",
    values: [tenant, randomBytes(32)],
  });
  await db.query({ text: "insert into control (tenant) values ($1) on conflict do nothing", values: [tenant] });
}

/** @throws AirworthyError `conflict` when the live snapshot is not the base that the plan was made on. */
async function publishSnapshot(
  writer: LedgerWriter,
  tenant: string,
  { content, files, base, by }: Parameters<SnapshotStore["publish"]>[1],
): Promise<{ version: number; digest: string }> {
  return writer.append(tenant, async (tx) => {
    const [live] = await tx.query<{ snapshot_version: number }>({
      text: "select snapshot_version from control where tenant = $1 for update",
      values: [tenant],
    });
    const current = live ? await readSnapshot(tx, tenant, live.snapshot_version) : emptySnapshot(tenant);
    if (current.digest === content.digest) {
      return { drafts: [], value: { version: current.version, digest: current.digest } };
    }
    if (current.version !== base.version || current.digest !== base.digest) throw moved(current, base);
    const version = current.version + 1;
    await tx.query({
      text: `insert into snapshots (tenant, version, digest, content, files, published_by) values ($1, $2, $3, $4, $5, $6)`,
      values: [tenant, version, content.digest, JSON.stringify(content), JSON.stringify(files), by],
    });
    await raiseEpoch(tx, tenant, version);
    const body = { version, digest: content.digest, base, by };
    return { drafts: [{ kind: "snapshot_published", body }], value: { version, digest: content.digest } };
  });
}

function moved(current: Snapshot, base: { version: number }): AirworthyError {
  return new AirworthyError(
    "conflict",
    `The plan was made on version ${base.version}, and version ${current.version} is live now.`,
    { fix: "Plan again, look at the new plan, and apply that." },
  );
}

export function createSnapshotStore(db: Database, writer: LedgerWriter): SnapshotStore {
  return {
    publish: (tenant, publication) => publishSnapshot(writer, tenant, publication),
    publishedBy: async (tenant, version) => {
      const [row] = await db.query<{ published_by: string }>({
        text: "select published_by from snapshots where tenant = $1 and version = $2",
        values: [tenant, version],
      });
      if (!row) throw missing(tenant, version);
      return row.published_by;
    },
    ensureTenant: (tenant) => ensureTenantRows(db, tenant),
  };
}
