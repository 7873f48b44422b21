/** The tutorial's recall, run as it stands on the page: the company without freshness pays wrongly, and the commands take it back. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { createClient } from "@airworthy/sdk";
import { afterAll, beforeAll, expect, it, vi } from "vitest";

import { type Company, startCompany } from "../../examples/company/src/company.ts";
import { readRefundAttempts } from "../../examples/company/src/systems/payments.ts";
import { runCli } from "../support/cli.ts";
import { eventually } from "../support/desk.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const page = path.resolve(import.meta.dirname, "../../docs/tutorials/first-ten-minutes.md");
const wrong = { invoice: "inv-3140", account: "acc-0402" };

let folder: string;
let dataDir: string;
let company: Company;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "airworthy-tutorial-"));
  dataDir = path.join(folder, ".airworthy/without-freshness");
  const narrator = { say: () => undefined, agent: () => undefined, world: () => undefined };
  company = await startCompany({ dataDir, port: 0, seed: 42, rate: 2, freshness: false, narrator });
});
afterAll(async () => {
  await company.close();
  rmSync(folder, { recursive: true, force: true });
});

const attempts = () =>
  readRefundAttempts(path.join(dataDir, "company", "refunds.jsonl")).filter(
    ({ refund }) => refund?.invoiceId === wrong.invoice,
  );

/** The commands of the section, in order: words, and the file that one's output goes to. */
function readCommands(): { readonly words: readonly string[]; readonly into: string | undefined }[] {
  const [, section = ""] = readFileSync(page, "utf8").split("## 8. Take it back");
  const [own = ""] = section.split("\n## ");
  return [...own.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, text = ""]) => text.trim().split("\n"))
    .map((line) => {
      const [command = "", into] = line.replace(/^npx airworthy /, "").split(" > ");
      return { words: (command.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', "")), into };
    });
}

it("takes the wrong refund and its booking back, gives the letter to a person, and ends with a receipt", async () => {
  const admin = createClient({
    baseUrl: company.url,
    key: readFileSync(path.join(dataDir, "admin.key"), "utf8").trim(),
  });
  // The letter is the last of the three.
  await eventually(async () => {
    const { actions } = await admin.listActions({ tool: "crm.send_notice", status: "done", limit: 500 });
    return actions.find(({ entity }) => entity?.id === wrong.account);
  });
  expect(attempts().map(({ outcome }) => outcome)).toEqual(["created"]);

  const commands = readCommands();
  expect(commands).toHaveLength(11);
  const ids = new Map<string, string>();
  const said: string[] = [];
  for (const { words, into } of commands) {
    // The ids on the page are those of another run; this one's are in what was printed before.
    const now = words.map((word) =>
      word.replace(/^([a-z]{3})_[0-9a-f]{32}$/, (id, kind: string) => ids.get(kind) ?? id),
    );
    if (now[1] === "status") await settled(now[2] ?? "");
    const { code, out, err } = await runCli(now, { cwd: folder });
    expect(code, `${now.join(" ")}: ${err}`).toBe(0);
    if (into !== undefined) writeFileSync(path.join(folder, into), out, { mode: 0o600 });
    for (const [id, kind = ""] of out.matchAll(/\b(rcl|apr|tsk)_[0-9a-f]{32}\b/g)) ids.set(kind, id);
    said.push(out);
  }

  /** What needs no person is over; on the page a reader's eye waits for it. */
  async function settled(id: string): Promise<void> {
    await eventually(async () => {
      const { counts } = await admin.readRecall({ id: id as `rcl_${string}` });
      return counts.compensated === 2;
    });
  }

  const [, , plan = "", , , status = "", , , , receipt = "", timeline = ""] = said;
  expect(plan).toContain("3 actions of 1 agent in 2 steps");
  expect(status).toContain("2 of 3 settled, 1 task for people");
  expect(receipt).toMatch(/^RECEIPT {2}rcl_[0-9a-f]{32} {2}done\n/);
  expect(receipt).toContain("approved by maria (finance-ops)");
  expect(timeline.match(/taken back/g)).toHaveLength(2);
  expect(attempts().map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
    ["refund", "created"],
    ["cancel", "cancelled"],
  ]);
  expect((await admin.verifyLedger()).faults).toEqual([]);
});
