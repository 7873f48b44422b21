/** Tests that secrets are found where documents say, and that errors name places only. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { fillUrl, readAuthHeader, readSecret } from "./secrets.ts";

const folder = mkdtempSync(path.join(tmpdir(), "airworthy-secrets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(name: string, content: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

describe("readSecret", () => {
  it("reads variables and files, without the white space around", () => {
    expect(readSecret({ env: "TOKEN" }, { TOKEN: " abc\n" })).toBe("abc");
    expect(readSecret({ file: fileWith("token", "from-file\n") }, {})).toBe("from-file");
  });

  it("names the variable or the file that has none", () => {
    const empty = fileWith("empty", "  \n");
    const absent = path.join(folder, "absent");
    const large = fileWith("large", "x".repeat(70_000));
    expect(() => readSecret({ env: "TOKEN" }, {})).toThrowError(/environment variable TOKEN/);
    for (const file of [empty, absent, large, folder]) {
      expect(() => readSecret({ file }, {})).toThrowError(expect.objectContaining({ place: `file ${file}` }) as Error);
    }
  });

  it("refuses a secret that would end its header, and does not repeat it", () => {
    const attempt = (): string => readSecret({ env: "TOKEN" }, { TOKEN: "hunter2\r\nX-Admin: 1" });
    expect(attempt).toThrowError(/control characters/);
    expect(attempt).not.toThrowError(/hunter2/);
  });
});

it("fills URLs from the environment and names what is missing", () => {
  expect(fillUrl("${CRM_URL}/v1/${REGION}", { CRM_URL: "https://crm.example", REGION: "eu" })).toBe(
    "https://crm.example/v1/eu",
  );
  expect(fillUrl("https://crm.example/$plain", {})).toBe("https://crm.example/$plain");
  expect(() => fillUrl("${CRM_URL}/v1", { CRM_URL: "" })).toThrowError(/CRM_URL/);
});

it.each([
  ["Bearer", "Bearer s3cret"],
  ["Bearer ", "Bearer s3cret"],
  ["token=", "token=s3cret"],
  [undefined, "s3cret"],
])("sets the prefix %j apart from the secret", (prefix, value) => {
  const auth = { header: "Authorization", value: { env: "T" }, ...(prefix === undefined ? {} : { prefix }) };
  expect(readAuthHeader(auth, { T: "s3cret" })).toEqual({ name: "authorization", value, secret: "s3cret" });
});
