/** The chain writer's end: what comes after it is refused, and may be tried elsewhere. */
import { expect, it } from "vitest";

import type { Database } from "./database.ts";
import { createLedgerWriter } from "./ledger-writer.ts";

it("takes no more once it is closed", async () => {
  const db = { query: () => expect.unreachable(), transaction: () => expect.unreachable() };
  const clock = { now: () => 0, monotonicMs: () => 0 };
  const writer = createLedgerWriter({ db: db as unknown as Database, clock });
  await writer.close();
  const append = writer.append("main", async () => ({ drafts: [], value: 1 }));
  await expect(append).rejects.toMatchObject({ code: "unavailable", retryable: true });
  await expect(writer.finish({ tenant: "main" } as never)).rejects.toMatchObject({ code: "unavailable" });
  await expect(writer.redeem({ tenant: "main" } as never)).rejects.toMatchObject({ code: "unavailable" });
});
