/** Verifies the ledgers of a data folder without a server: database and public key are all it needs. */
import type { LedgerVerification } from "@airworthy/contract";

import { readVerifier } from "./store/data-folder.ts";
import { openStore } from "./store/open-store.ts";
import { verifyLedger } from "./store/verify-ledger.ts";

/** Every tenant's ledger, added up; a fault names its tenant when there are several. */
export async function verifyOffline(options: {
  readonly dataDir: string;
  readonly databaseUrl?: string;
}): Promise<LedgerVerification> {
  const verifier = readVerifier(options.dataDir);
  const store = await openStore({
    dataDir: options.dataDir,
    databaseUrl: options.databaseUrl,
    onProgress: () => undefined,
  });
  try {
    const tenants = await store.db.query<{ tenant: string }>({ text: "select tenant from tenants order by tenant" });
    const parts: LedgerVerification[] = [];
    for (const { tenant } of tenants) {
      const part = await verifyLedger(store.db, tenant, { verifier });
      const named = part.faults.map((fault) =>
        tenants.length > 1 ? { ...fault, chain: `${tenant} ${fault.chain}` } : fault,
      );
      parts.push({ ...part, faults: named });
    }
    const sum = (pick: (part: LedgerVerification) => number): number =>
      parts.reduce((total, part) => total + pick(part), 0);
    return {
      ok: parts.every((part) => part.ok),
      entries: sum((part) => part.entries),
      chains: sum((part) => part.chains),
      checkpoints: sum((part) => part.checkpoints),
      erased: sum((part) => part.erased),
      faultCount: sum((part) => part.faultCount),
      faults: parts.flatMap((part) => part.faults),
    };
  } finally {
    await store.close();
  }
}
