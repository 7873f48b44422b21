/** The data folder: the local administrator's key, the ledger's signing key, and where the server is to be found. */
import { createPublicKey, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { AirworthyError } from "@airworthy/contract";

import {
  formatVerifierKey,
  generateSigningKey,
  type NoteSigner,
  type NoteVerifier,
  parseVerifierKey,
  readSigner,
} from "../kernel/signed-note.ts";

export type DataFolder = {
  readonly adminKey: string;
  readonly signer: NoteSigner;
  readonly verifier: NoteVerifier;
  /** Tells the command line where the server listens. */
  readonly announce: (server: { url: string; pid: number }) => void;
  /** Takes the announcement back, if it is still this server's. */
  readonly withdraw: (pid: number) => void;
};

const ledgerName = "airworthy-ledger";

/** Opens the folder, making what is missing. Whoever can read it is the local administrator, so its files are 0600. */
export function openDataFolder(dataDir: string): DataFolder {
  const keys = path.join(dataDir, "keys");
  mkdirSync(keys, { recursive: true });
  chmodSync(keys, 0o700);
  const adminKey = keep(path.join(dataDir, "admin.key"), () => `adm_${randomBytes(32).toString("base64url")}`);
  const signer = readSigner(ledgerName, keep(path.join(keys, "ledger.key"), generateSigningKey));
  const verifier = { name: ledgerName, publicKey: createPublicKey(signer.privateKey) };
  writeAtomically(path.join(keys, "ledger.pub"), `${formatVerifierKey(verifier)}\n`);
  const serverFile = path.join(dataDir, "server.json");
  return {
    adminKey,
    signer,
    verifier,
    announce: (server) => writeAtomically(serverFile, `${JSON.stringify(server)}\n`),
    withdraw: (pid) => {
      if (existsSync(serverFile) && readFileSync(serverFile, "utf8").includes(`"pid":${pid}`)) rmSync(serverFile);
    },
  };
}

/** The public key alone: all that verification needs. */
export function readVerifier(dataDir: string): NoteVerifier {
  const file = path.join(dataDir, "keys", "ledger.pub");
  if (existsSync(file)) return parseVerifierKey(readFileSync(file, "utf8"));
  throw new AirworthyError("not_found", `There is no ${file}.`, {
    fix: "Name the data folder of the server with --data.",
  });
}

function keep(file: string, make: () => string): string {
  if (!existsSync(file)) writeAtomically(file, make());
  return readFileSync(file, "utf8").trim();
}

function writeAtomically(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(temporary, text, { mode: 0o600, flush: true });
  renameSync(temporary, file);
}
