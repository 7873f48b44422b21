/** A real IMAP server (Dovecot) of its own for one test file: on free ports of the loopback, with the maildir of one user. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { answersOn } from "./answers-on.ts";
import { freePort, until } from "./faults-process.ts";
import type { Pair } from "./certificates.ts";

export type TestDovecot = {
  readonly port: number;
  readonly tlsPort: number;
  readonly user: string;
  readonly password: string;
  /** Puts a mail into a folder, as a delivery would. */
  readonly deliver: (mail: Buffer, folder?: string) => void;
  /** How many mails have this flag in their names. */
  readonly countFlag: (flag: string) => number;
  /** Ends it at once, with all connections. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** While it is down: what it has counted is forgotten, so that its folders get other numbers. */
  readonly forgetNumbers: () => void;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
};

const user = "desk";
const password = "a-password-of-the-test";
/** Nobody: the server refuses to read mail as root. */
const owner = 65_534;

type Tls = { readonly ca: Pair; readonly server: Pair };

/** With `tls` it serves TLS as well and asks for a client certificate. `further` are lines of its configuration. */
export async function startDovecot(
  program: string,
  { tls, further = "" }: { readonly tls?: Tls; readonly further?: string } = {},
): Promise<TestDovecot> {
  // Short: the paths of its sockets may have 100 characters.
  const folder = mkdtempSync(path.join(tmpdir(), "awd-"));
  chmodSync(folder, 0o755);
  const maildir = path.join(folder, "home", "Maildir");
  const [port, tlsPort] = [await freePort(), await freePort()];
  const makeFolder = (name = ""): string => {
    const place = name === "" ? maildir : path.join(maildir, `.${name}`);
    for (const part of ["", "new", "cur", "tmp"]) {
      mkdirSync(path.join(place, part), { recursive: true });
      chownSync(path.join(place, part), owner, owner);
    }
    return place;
  };
  mkdirSync(path.join(folder, "home"));
  chownSync(path.join(folder, "home"), owner, owner);
  makeFolder();
  makeFolder("Archive");
  const config = path.join(folder, "dovecot.conf");
  writeFileSync(config, configuration({ folder, port, tlsPort, tls, further }));
  let server: ChildProcess | undefined;
  let count = 0;
  const dovecot: TestDovecot = {
    port,
    tlsPort,
    user,
    password,
    deliver: (mail, name = "") => {
      count += 1;
      const file = path.join(
        name === "" ? maildir : path.join(maildir, `.${name}`),
        "new",
        `${1e9 + count}.M${count}.host`,
      );
      writeFileSync(file, mail);
      chownSync(file, owner, owner);
    },
    countFlag: (flag) =>
      readdirSync(path.join(maildir, "cur")).filter((name) => name.split(":2,")[1]?.includes(flag)).length,
    kill: async () => {
      if (!server) return;
      const gone = once(server, "exit");
      // The whole group: its children would serve on for a while.
      if (server.pid !== undefined) process.kill(-server.pid, "SIGKILL");
      await gone;
      server = undefined;
    },
    start: async () => {
      server = spawn(program, ["-F", "-c", config], { stdio: "ignore", detached: true });
      if (!(await until(30_000, () => answersOn(port, "greets"))))
        throw new Error(`dovecot did not start: ${dovecot.log()}`);
    },
    forgetNumbers: () => {
      for (const name of readdirSync(maildir)) {
        if (name.startsWith("dovecot")) rmSync(path.join(maildir, name), { recursive: true });
      }
    },
    log: () => readFileSync(path.join(folder, "log"), "utf8"),
    stop: async () => {
      await dovecot.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await dovecot.start();
  return dovecot;
}

type Settings = {
  readonly folder: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly tls: Tls | undefined;
  readonly further: string;
};

function configuration({ folder, port, tlsPort, tls, further }: Settings): string {
  const secure =
    tls === undefined
      ? "ssl = no"
      : `ssl = yes
ssl_cert = <${tls.server.certFile}
ssl_key = <${tls.server.keyFile}
ssl_ca = <${tls.ca.certFile}
ssl_require_crl = no
ssl_verify_client_cert = yes
auth_ssl_require_client_cert = yes`;
  return `protocols = imap
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
mail_fsync = never
auth_mechanisms = plain login
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${tls === undefined ? 0 : tlsPort}
    ssl = yes
  }
}
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=${owner} gid=${owner} home=${folder}/home
}
${secure}
${further}
`;
}
