/** Finds a program that a test needs; where it is missing the test is skipped, and a line says so. */
import { accessSync, constants } from "node:fs";
import path from "node:path";

/** Its path, or undefined. Servers are often outside of the PATH of ordinary users. */
export function installed(program: string, debianPackage: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin", "/usr/lib/dovecot"];
  const found = folders.map((folder) => path.join(folder, program)).find(isExecutable);
  if (found === undefined) {
    process.stdout.write(`skipped: ${program} is not installed (on Debian: apt-get install ${debianPackage})\n`);
  }
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
