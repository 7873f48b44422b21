/** A server of SSH's file transfer that may lie about everything: names, sizes, times, contents. */
import { generateKeyPairSync } from "node:crypto";
import type { AddressInfo } from "node:net";

import ssh2, { type Connection, type SFTPWrapper } from "ssh2";

import { fingerprintOf } from "../../packages/server/src/intake/files/sftp/open-session.ts";

export type Lie = {
  /** What it lists: a name, and what it says of it. */
  readonly listed: readonly { readonly name: string; readonly size?: number; readonly mode?: number }[];
  /** What it gives for a name, wherever it is asked. */
  readonly contents: Readonly<Record<string, Buffer>>;
  /** Most bytes that it gives at once. */
  readonly atOnce?: number;
  /** Names that it lists, and lets nobody open. */
  readonly barred?: readonly string[];
  /** Tells of its list again and again. */
  readonly endless?: boolean;
};
export type HostileSftp = {
  readonly port: number;
  readonly fingerprint: string;
  /** Paths that were opened, and requests that would change something. */
  readonly opened: string[];
  readonly changes: string[];
  readonly close: () => void;
};

const plainFile = 0o100644;
/** SSH_FXF_READ, and no other flag. */
const readOnly = 1;
const status = ssh2.utils.sftp.STATUS_CODE;

export async function startHostileSftp(password: string, lie: Lie): Promise<HostileSftp> {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  const [opened, changes]: [string[], string[]] = [[], []];
  const clients = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [privateKey] }, (client) => {
    clients.add(client);
    client.on("error", () => undefined);
    client.on("authentication", (login) =>
      login.method === "password" && login.password === password ? login.accept() : login.reject(["password"]),
    );
    client.on("session", (accept) => accept().on("sftp", (take) => lieTo(take(), lie, { opened, changes })));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    for (const client of clients) client.end();
    server.close();
  };
  return { port, fingerprint: fingerprintOf(key.getPublicSSH()), opened, changes, close };
}

type Seen = { readonly opened: string[]; readonly changes: string[] };

function lieTo(
  sftp: SFTPWrapper,
  { listed, contents, atOnce = 1 << 20, barred = [], endless = false }: Lie,
  { opened, changes }: Seen,
): void {
  const times = { uid: 0, gid: 0, atime: 1_700_000_000, mtime: 1_700_000_000 };
  const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
  const attributesOf = (name: string) => {
    const said = listed.find((one) => one.name === name);
    return { ...times, mode: said?.mode ?? plainFile, size: said?.size ?? contents[name]?.length ?? 0 };
  };
  let isListed = false;
  sftp.on("OPENDIR", (id) => {
    isListed = false;
    sftp.handle(id, Buffer.from("folder"));
  });
  sftp.on("READDIR", (id) => {
    if (isListed) sftp.status(id, status.EOF);
    else {
      isListed = !endless;
      sftp.name(
        id,
        listed.map(({ name }) => ({ filename: name, longname: name, attrs: attributesOf(name) })),
      );
    }
  });
  sftp.on("LSTAT", (id, path) => {
    if (contents[nameOf(path)] === undefined) sftp.status(id, status.NO_SUCH_FILE);
    else sftp.attrs(id, attributesOf(nameOf(path)));
  });
  sftp.on("FSTAT", (id, handle) => sftp.attrs(id, attributesOf(handle.toString())));
  sftp.on("OPEN", (id, path, flags) => {
    opened.push(path);
    if (flags !== readOnly) changes.push(path);
    if (barred.includes(nameOf(path))) sftp.status(id, status.PERMISSION_DENIED);
    else sftp.handle(id, Buffer.from(nameOf(path)));
  });
  sftp.on("READ", (id, handle, offset, length) => {
    const content = contents[handle.toString()] ?? Buffer.alloc(0);
    const piece = content.subarray(offset, offset + Math.min(length, atOnce));
    if (piece.length === 0) sftp.status(id, status.EOF);
    else sftp.data(id, piece);
  });
  sftp.on("CLOSE", (id) => sftp.status(id, status.OK));
  for (const change of ["WRITE", "REMOVE", "RENAME", "MKDIR", "RMDIR", "SETSTAT", "FSETSTAT", "SYMLINK"] as const) {
    sftp.on(change, (id: number) => {
      changes.push(change);
      sftp.status(id, status.OK);
    });
  }
}
