/** IMAP, a real server: each mail once while it and we are cut off, over TLS with our certificate, through a proxy. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import type { JsonObject, MailboxConnector } from "@airworthy/contract";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { SourceIntake } from "../../packages/server/src/intake/source-driver.ts";
import type { Database } from "../../packages/server/src/store/database.ts";
import { makeCertificates } from "../support/certificates.ts";
import { startConnectProxy } from "../support/connect-proxy.ts";
import { eventually } from "../support/desk.ts";
import { startDovecot, type TestDovecot } from "../support/dovecot.ts";
import { countsOf } from "../support/file-sources.ts";
import { installed } from "../support/installed.ts";
import { mailboxConnectorOf, startMailbox } from "../support/mailbox-sources.ts";
import { mailNumber, numberedMail, rubbish } from "../support/mails.ts";
import { openSourceDatabase, type SourceDatabase } from "../support/source-database.ts";

// It takes other users' rights for those who log in.
const program = process.getuid?.() === 0 ? installed("dovecot", "dovecot-imapd") : undefined;

type Imap = Extract<MailboxConnector["mailbox"], { kind: "imap" }>;

let database: SourceDatabase;
let db: Database;
let name: string;
let sources = 0;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await openSourceDatabase();
  ({ db } = database);
});
beforeEach(() => {
  sources += 1;
  name = `imap${sources}`;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(async () => {
  await database.close();
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

describe.skipIf(program === undefined)("a server", () => {
  let dovecot: TestDovecot;
  beforeEach(async () => {
    dovecot = await startDovecot(program ?? "");
    stops.push(dovecot.stop);
  });

  const folders = () =>
    db.query<{ folder: string; messageId: string }>({
      text: `select value::json->>'folder' as folder, value::json->>'messageId' as "messageId" from source_records
             where connector = $1 order by batch, number`,
      values: [name],
    });

  it("tells of what comes while we wait, in the folders that are named", async () => {
    dovecot.deliver(numberedMail(1));
    dovecot.deliver(numberedMail(2), "Archive");
    let looks = 0;
    const around = (intake: SourceIntake) => ({
      ...intake,
      caughtUp: (when: number) => intake.caughtUp(when).then(() => void (looks += 1)),
    });
    await start(dovecot, { extra: { folders: ["INBOX", "Archive"] }, around });
    await until(2);
    await eventually(() => looks > 0);
    // The next look of our own is an hour away.
    dovecot.deliver(numberedMail(3));
    await until(3);
    expect(await folders()).toEqual([
      { folder: "Archive", messageId: "2@mails.example" },
      { folder: "INBOX", messageId: "1@mails.example" },
      { folder: "INBOX", messageId: "3@mails.example" },
    ]);
  });

  it("is asked now and then where it tells nothing", async () => {
    await start(dovecot, { extra: { folders: ["INBOX", "Archive"], every: "1s" } });
    dovecot.deliver(numberedMail(1), "Archive");
    await until(1);
  });

  it("is read from now on where that is said, also what comes while we are away; its mails are seen only where that is said", async () => {
    dovecot.deliver(numberedMail(1));
    let begun = 0;
    const around = (intake: SourceIntake) => ({
      ...intake,
      caughtUp: (when: number) => intake.caughtUp(when).then(() => void (begun += 1)),
    });
    const first = await start(dovecot, { imap: { from: "now" }, around });
    await eventually(() => begun > 0);
    await first.stop();
    dovecot.deliver(numberedMail(2));
    const second = await start(dovecot, { imap: { from: "now" }, around });
    await until(1);
    expect(await folders()).toEqual([{ folder: "INBOX", messageId: "2@mails.example" }]);
    await second.stop();
    expect(dovecot.countFlag("S")).toBe(0);
    dovecot.deliver(numberedMail(3));
    await start(dovecot, { imap: { from: "now", markSeen: true } });
    await until(2);
    await eventually(() => dovecot.countFlag("S") === 1);
  });

  it("that refuses the login, or has no such folder, is a problem that says where to look and holds no secret", async () => {
    const wrong = await start(dovecot, { imap: { auth: { password: { env: "wrong-secret-of-the-test" } } } });
    const problem = (await wrong.ended) as { message: string };
    expect(problem).toMatchObject({ code: "unavailable", retryable: true, place: `Connector ${name}, mailbox.auth` });
    expect(problem.message).toBe(
      `The mail server of ${name} refused the login. Look at mailbox.user and mailbox.auth.`,
    );
    const missing = await start(dovecot, { extra: { folders: ["Nowhere"] } });
    expect(await missing.ended).toMatchObject({
      message: expect.stringContaining("does not open folder Nowhere"),
      place: `Connector ${name}, folders`,
    });
    const plain = await start(dovecot, { imap: { security: "starttls" } });
    expect(await plain.ended).toMatchObject({ message: expect.stringContaining("cannot be reached") });
  });
});

describe.skipIf(program === undefined)("a server that asks for certificates", () => {
  const certificates = program === undefined ? undefined : makeCertificates();
  let dovecot: TestDovecot;
  beforeAll(async () => {
    dovecot = await startDovecot(program ?? "", certificates ? { tls: certificates } : {});
    for (let at = 0; at < 5; at += 1) dovecot.deliver(numberedMail(at));
  });
  afterAll(async () => {
    await dovecot.stop();
    certificates?.remove();
  });

  const tlsOf = (own: "client" | "strangeClient" | "expiredClient" | undefined) => {
    const pair = own === undefined ? undefined : certificates?.[own];
    return {
      ca: { env: certificates?.ca.cert ?? "" },
      ...(pair ? { cert: { env: pair.cert }, key: { env: pair.key } } : {}),
    };
  };
  const over = (security: "tls" | "starttls"): Partial<Imap> => ({
    security,
    server: `localhost:${security === "tls" ? dovecot.tlsPort : dovecot.port}`,
  });

  it.each(["tls", "starttls"] as const)("is read with ours: %s", async (security) => {
    await start(dovecot, { imap: over(security), extra: { tls: tlsOf("client") } });
    expect(await until(5)).toMatchObject({ records: 5, quarantined: 0 });
  });

  it("is read through a proxy, on which nobody sees a mail; without its credentials that is said", async () => {
    const proxy = await startConnectProxy("airworthy:secret-of-the-proxy");
    stops.push(proxy.close);
    const tls = tlsOf("client");
    const auth = { env: "airworthy:secret-of-the-proxy" };
    const running = await start(dovecot, { imap: over("tls"), extra: { tls, proxy: { url: proxy.url, auth } } });
    expect(await until(5)).toMatchObject({ records: 5 });
    expect(proxy.asked).toEqual([`localhost:${dovecot.tlsPort}`]);
    await running.stop();
    const refused = await start(dovecot, { imap: over("tls"), extra: { tls, proxy: { url: proxy.url } } });
    expect(await refused.ended).toMatchObject({ message: expect.stringContaining("look at proxy.auth") });
  });

  it.each([
    ["none", undefined, "refused the login"],
    ["a stranger's", "strangeClient", "refused"],
    ["one that has expired", "expiredClient", "expired on"],
  ] as const)("is not read with %s", async (_, own, why) => {
    const running = await start(dovecot, { imap: over("tls"), extra: { tls: tlsOf(own) } });
    expect(await running.ended).toMatchObject({ code: "unavailable", message: expect.stringContaining(why) });
  });

  it("is not believed without its authority, nor under another name", async () => {
    const strange = await start(dovecot, { imap: over("tls"), extra: { tls: {} } });
    expect(await strange.ended).toMatchObject({ message: expect.stringContaining("look at tls.ca") });
    const other = await start(dovecot, {
      imap: over("tls"),
      extra: { tls: { ...tlsOf("client"), serverName: "mail.example.com" } },
    });
    expect(await other.ended).toMatchObject({ message: expect.stringContaining("look at tls.serverName") });
  });
});

describe.skipIf(program === undefined)("a server that takes tokens", () => {
  it("is read with one; another is refused, and is repeated nowhere", async () => {
    const asked: string[] = [];
    const issuer = createServer((request, response) => {
      const token = new URL(request.url ?? "", "http://issuer").searchParams.get("token") ?? "";
      asked.push(token);
      response.end(JSON.stringify({ active: token === "token-of-the-test", username: "desk" }));
    });
    await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
    const folder = mkdtempSync(path.join(tmpdir(), "airworthy-token-"));
    chmodSync(folder, 0o755);
    const file = path.join(folder, "oauth2.conf");
    const { port } = issuer.address() as AddressInfo;
    const at = `http://127.0.0.1:${port}/?token=`;
    const rules = [
      "introspection_mode = get",
      `introspection_url = ${at}`,
      "username_attribute = username",
      "active_attribute = active",
      "active_value = true",
    ];
    writeFileSync(file, `${rules.join("\n")}\n`);
    const further = `auth_mechanisms = plain oauthbearer xoauth2\npassdb {\n  driver = oauth2\n  mechanisms = oauthbearer xoauth2\n  args = ${file}\n}`;
    const dovecot = await startDovecot(program ?? "", { further });
    stops.push(dovecot.stop, async () => {
      issuer.close();
      rmSync(folder, { recursive: true });
    });
    dovecot.deliver(numberedMail(1));
    const wrong = await start(dovecot, { imap: { auth: { bearer: { env: "another-token" } } } });
    expect(await wrong.ended).toMatchObject({ message: expect.stringContaining("refused the login") });
    await start(dovecot, { imap: { auth: { bearer: { env: "token-of-the-test" } } } });
    await until(1);
    expect(new Set(asked)).toEqual(new Set(["another-token", "token-of-the-test"]));
  });
});
