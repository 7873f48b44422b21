/** A real OpenSSH server with SFTP alone, for one test file, run by the test's own user. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";

import { answersOn } from "./answers-on.ts";
import { freePort, until } from "./faults-process.ts";
import { installed } from "./installed.ts";

export type TestSshd = {
  readonly port: number;
  readonly user: string;
  /** What `ssh-keygen -l` says of its key. */
  readonly fingerprint: string;
  /** The folder that it shows, with this path at the server as well. */
  readonly folder: string;
  /** Files with private keys: let in, let in with the passphrase `open sesame`, and not let in. */
  readonly keys: { readonly known: string; readonly locked: string; readonly unknown: string };
  /** Everything that was logged. */
  readonly log: () => string;
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export const passphrase = "open sesame";

/** Where it and its tools are, or undefined, and a line says so. */
export function findSshd(): string | undefined {
  const sshd = installed("sshd", "openssh-server");
  return installed("ssh-keygen", "openssh-client") === undefined ? undefined : sshd;
}

export async function startSshd(program: string): Promise<TestSshd> {
  const home = mkdtempSync(path.join(tmpdir(), "airworthy-sshd-"));
  const at = (name: string): string => path.join(home, name);
  const makeKey = (name: string, words = ""): string => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", words, "-C", name, "-f", at(name)]);
    return at(name);
  };
  const host = makeKey("host");
  const keys = { known: makeKey("known"), locked: makeKey("locked", passphrase), unknown: makeKey("unknown") };
  const allowed = [keys.known, keys.locked].map((key) => readFileSync(`${key}.pub`, "utf8"));
  writeFileSync(at("authorized"), allowed.join(""), { mode: 0o600 });
  mkdirSync(at("drop"));
  // As root it wants a place to lock itself into before anybody has logged in.
  if (userInfo().uid === 0 && !existsSync("/run/sshd")) mkdirSync("/run/sshd", { mode: 0o755 });
  const port = await freePort();
  writeFileSync(
    at("config"),
    `ListenAddress 127.0.0.1
Port ${port}
HostKey ${host}
PidFile ${at("pid")}
AuthorizedKeysFile ${at("authorized")}
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
ForceCommand internal-sftp
LogLevel VERBOSE
`,
  );
  let server: ChildProcess | undefined;
  let log = "";
  const sshd: TestSshd = {
    port,
    user: userInfo().username,
    fingerprint:
      /SHA256:\S+/.exec(execFileSync("ssh-keygen", ["-l", "-f", `${host}.pub`], { encoding: "utf8" }))?.[0] ?? "",
    folder: at("drop"),
    keys,
    log: () => log,
    kill: async () => {
      if (!server) return;
      const gone = once(server, "exit");
      server.kill("SIGKILL");
      await gone;
      server = undefined;
    },
    start: async () => {
      server = spawn(program, ["-D", "-e", "-f", at("config")], { stdio: ["ignore", "ignore", "pipe"] });
      server.stderr?.on("data", (chunk: Buffer) => void (log += chunk.toString()));
      if (!(await until(30_000, () => answersOn(port, "greets")))) throw new Error(`sshd did not start: ${log}`);
    },
    stop: async () => {
      await sshd.kill();
      rmSync(home, { recursive: true, force: true });
    },
  };
  await sshd.start();
  return sshd;
}
