/** Certificates for tests, made by openssl: an authority, a server, clients good and bad. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export type Pair = { readonly cert: string; readonly key: string; readonly certFile: string; readonly keyFile: string };
export type Certificates = {
  /** The authority's own certificate. */
  readonly ca: Pair;
  /** For localhost and 127.0.0.1. */
  readonly server: Pair;
  readonly client: Pair;
  readonly expiredServer: Pair;
  readonly expiredClient: Pair;
  /** For other.example. */
  readonly otherName: Pair;
  /** Signed by an authority that nobody knows. */
  readonly strangeClient: Pair;
  readonly folder: string;
  readonly remove: () => void;
};

const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(path.join(tmpdir(), "airworthy-tls-"));
  const file = (name: string): string => path.join(folder, name);
  const openssl = (args: readonly string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  };
  const pair = (name: string): Pair => {
    const [certFile, keyFile] = [file(`${name}.pem`), file(`${name}.key`)];
    return { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8"), certFile, keyFile };
  };
  const authority = (name: string): Pair => {
    openssl([
      "req",
      "-x509",
      ...curve,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
    ]);
    return pair(name);
  };
  const signed = (name: string, { by = "ca", days = "2", san = "DNS:localhost,IP:127.0.0.1" } = {}): Pair => {
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${san}`];
    openssl(["req", ...curve, "-keyout", `${name}.key`, "-out", `${name}.csr`, ...subject]);
    const signer = ["-CA", `${by}.pem`, "-CAkey", `${by}.key`, "-CAcreateserial", "-copy_extensions", "copy"];
    openssl(["x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, "-days", days, ...signer]);
    return pair(name);
  };
  authority("stranger");
  // A server that drops root's rights reads them as somebody else.
  const published = (own: Pair): Pair => {
    chmodSync(folder, 0o755);
    chmodSync(own.keyFile, 0o644);
    return own;
  };
  return {
    ca: authority("ca"),
    server: published(signed("server")),
    client: signed("client"),
    expiredServer: signed("expired-server", { days: "-1" }),
    expiredClient: signed("expired-client", { days: "-1" }),
    otherName: signed("other-name", { san: "DNS:other.example" }),
    strangeClient: signed("strange-client", { by: "stranger" }),
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
