/** IMAP, a real server: each mail once while it and we are cut off, over TLS with our certificate, through a proxy. */
import type { JsonObject, MailboxConnector } from "@airworthy/contract";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { SourceIntake } from "../../packages/server/src/intake/source-driver.ts";
import { openDatabase, type Database } from "../../packages/server/src/store/database.ts";
import { migrate } from "../../packages/server/src/store/migrate.ts";
import { ensureTenantRows } from "../../packages/server/src/store/snapshots.ts";
import { makeCertificates } from "../support/certificates.ts";
import { startConnectProxy } from "../support/connect-proxy.ts";
import { testDatabase } from "../support/database.ts";
import { eventually } from "../support/desk.ts";
import { startDovecot, type TestDovecot } from "../support/dovecot.ts";
import { countsOf } from "../support/file-sources.ts";
import { installed } from "../support/installed.ts";
import { mailboxConnectorOf, startMailbox } from "../support/mailbox-sources.ts";
import { mailNumber, numberedMail, rubbish } from "../support/mails.ts";

// It takes other users' rights for those who log in.
const program = process.getuid?.() === 0 ? installed("dovecot", "dovecot-imapd") : undefined;

type Imap = Extract<MailboxConnector["mailbox"], { kind: "imap" }>;

let database: Awaited<ReturnType<typeof testDatabase>>;
let db: Database;
let name: string;
let sources = 0;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase(database.connection);
  await migrate(db);
  await ensureTenantRows(db, "t");
});
beforeEach(() => {
  sources += 1;
  name = `imap${sources}`;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

const counts = () => countsOf(db, name);
const position = async (): Promise<JsonObject> => {
  const [row] = await db.query<{ position: string }>({
    text: "select position from source_state where connector = $1",
    values: [name],
  });
  return JSON.parse(row?.position ?? "{}") as JsonObject;
};
const until = (records: number) =>
  eventually(async () => {
    const now = await counts();
    return now.records >= records && now;
  });

async function start(
  dovecot: TestDovecot,
  {
    imap,
    extra,
    around,
  }: { imap?: Partial<Imap>; extra?: Partial<MailboxConnector>; around?: (intake: SourceIntake) => SourceIntake } = {},
) {
  const mailbox: Imap = {
    kind: "imap",
    server: `127.0.0.1:${dovecot.port}`,
    security: "none",
    user: dovecot.user,
    auth: { password: { env: dovecot.password } },
    ...imap,
  };
  const running = await startMailbox(
    db,
    mailboxConnectorOf(name, mailbox, { every: "1h", maxBytes: 100_000, ...extra }),
    around,
  );
  stops.push(running.stop);
  return running;
}

describe.skipIf(program === undefined)("10,000 mails of a server", () => {
  let dovecot: TestDovecot;
  beforeAll(async () => {
    dovecot = await startDovecot(program ?? "");
    for (let at = 0; at < 10_000; at += 1) dovecot.deliver(mailNumber(at));
  });
  afterAll(() => dovecot.stop());

  it("come in once each though it is killed on the way, and again as duplicates when it has numbered them anew", async () => {
    let running = await start(dovecot);
    await until(2000);
    await dovecot.kill();
    expect(await running.ended).toMatchObject({ code: "unavailable", retryable: true });
    expect(await (await start(dovecot)).ended).toMatchObject({ message: expect.stringContaining("ECONNREFUSED") });
    await dovecot.start();
    let parts = 0;
    running = await start(dovecot, {
      around: (intake) => ({
        ...intake,
        deliver: async (delivery) => {
          // The connection is cut while a part is written.
          parts += 1;
          if (parts === 10) await dovecot.kill();
          return intake.deliver(delivery);
        },
      }),
    });
    expect(await running.ended).toMatchObject({ code: "unavailable" });
    await dovecot.start();
    running = await start(dovecot);
    const bad = Object.keys(rubbish).length;
    const whole = { records: 10_000 - bad, quarantined: bad, duplicates: 0, late: 0 };
    expect(await until(whole.records)).toEqual(whole);
    const before = await position();
    expect(before).toEqual({ folders: { INBOX: { validity: expect.any(String), uid: 10_000 } } });
    await running.stop();
    await dovecot.kill();
    dovecot.forgetNumbers();
    dovecot.deliver(numberedMail(20_001));
    await dovecot.start();
    await start(dovecot);
    expect(await until(whole.records + 1)).toMatchObject({ quarantined: bad, late: 0 });
    await eventually(async () => (await counts()).duplicates === 10_000);
    const after = await position();
    expect(after).not.toEqual(before);
    expect(dovecot.countFlag("S")).toBe(0);
  }, 600_000);
});
