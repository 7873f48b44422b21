/** Finds a Python with the two common writers of workbooks; where it is missing the test is skipped, and a line says so. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

const python = path.resolve(import.meta.dirname, "../../node_modules/.cache/xlsx-writers/bin/python");

export function findXlsxWriters():
  | ((file: string, writer: "openpyxl" | "xlsxwriter", rows: number) => void)
  | undefined {
  if (existsSync(python)) {
    const script = path.join(import.meta.dirname, "make-xlsx.py");
    return (file, writer, rows) =>
      void execFileSync(python, [script, file, writer, String(rows)], { stdio: "inherit" });
  }
  process.stdout.write("skipped: no writers of workbooks (.ci/run puts openpyxl and xlsxwriter beside node_modules)\n");
  return undefined;
}
