/** IMAP servers that are quiet, or say less than they must. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

import type { MailboxConnector } from "@airworthy/contract";
import { afterEach, beforeEach, expect, it } from "vitest";

import type { Delivery, SourceRun } from "../source-driver.ts";
import { runImap } from "./imap.ts";
import type { Imap } from "./imap-connection.ts";

let server: Server | undefined;
let abort = new AbortController();
beforeEach(() => void (abort = new AbortController()));
afterEach(() => {
  abort.abort();
  server?.close();
});

/** An empty folder. `onCommand` hears the verbs in their order. */
async function serve(folder: readonly string[], onCommand: (verb: string) => void): Promise<number> {
  server = createServer((socket) => speak(socket, folder, onCommand)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function speak(socket: Socket, folder: readonly string[], onCommand: (verb: string) => void): void {
  let [rest, idling] = ["", ""];
  socket.on("error", () => undefined);
  socket.write("* OK [CAPABILITY IMAP4rev1 IDLE] hello\r\n");
  socket.on("data", (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString("latin1")}`.split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [tag = "", verb = ""] = line.split(" ");
      const said = line === "DONE" ? "DONE" : verb.toUpperCase();
      onCommand(said);
      if (said === "IDLE") {
        idling = tag;
        socket.write("+ idling\r\n");
        continue;
      }
      const before: readonly string[] =
        said === "CAPABILITY" ? ["CAPABILITY IMAP4rev1 IDLE"] : said === "EXAMINE" || said === "SELECT" ? folder : [];
      socket.write([...before.map((one) => `* ${one}`), `${said === "DONE" ? idling : tag} OK done`, ""].join("\r\n"));
    }
  });
}

const folder = ["0 EXISTS", "FLAGS ()", "OK [UIDVALIDITY 7] it"];

function runOf(port: number): {
  readonly run: SourceRun<MailboxConnector>;
  readonly imap: Imap;
  delivered: Delivery[];
} {
  const delivered: Delivery[] = [];
  const imap: Imap = {
    kind: "imap",
    server: `127.0.0.1:${port}`,
    security: "none",
    user: "u",
    auth: { password: { env: "P" } },
    from: "now",
  };
  const intake = {
    position: () => undefined,
    deliver: async (delivery: Delivery) => void delivered.push(delivery),
    time: async () => 0,
    caughtUp: async () => undefined,
  };
  const parts = { secret: () => "p", fill: String, peers: () => ({}), signal: abort.signal };
  const run = { connector: { name: "desk", every: "1h" }, intake, ...parts };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as much of a run as it needs
  return { run: run as unknown as SourceRun<MailboxConnector>, imap, delivered };
}

it("a quiet server is asked for a word, and told again that we wait, until the next look is due", async () => {
  const said: string[] = [];
  let enough: (() => void) | undefined;
  const third = new Promise<void>((resolve) => (enough = resolve));
  const port = await serve([...folder, "OK [UIDNEXT 1] it"], (verb) => {
    said.push(verb);
    if (said.filter((one) => one === "IDLE").length === 3) enough?.();
  });
  const { run, imap } = runOf(port);
  const running = runImap(run, imap, 50);
  await Promise.race([third, running]);
  abort.abort();
  await running;
  const waiting = said.slice(said.indexOf("IDLE"));
  expect(waiting.slice(0, 7)).toEqual(["IDLE", "DONE", "NOOP", "IDLE", "DONE", "NOOP", "IDLE"]);
});

it("a folder whose numbers the server does not tell is refused: nobody would know what was read", async () => {
  const port = await serve(folder, () => undefined);
  const { run, imap, delivered } = runOf(port);
  await expect(runImap(run, imap)).rejects.toMatchObject({
    code: "unavailable",
    retryable: true,
    message: expect.stringContaining("does not say how folder INBOX is numbered (UIDNEXT, UIDVALIDITY)"),
  });
  expect(delivered).toEqual([]);
});
