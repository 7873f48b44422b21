/** Documents in a folder, as agents see them: searched, cited, relied on, and recalled by the document that was wrong. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { ActionAnswer } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type Desk, eventually, openDesk } from "../support/desk.ts";
import { writePdf } from "../support/write-pdf.ts";

const root = path.join(import.meta.dirname, "../..");
const folder = mkdtempSync(path.join(tmpdir(), "airworthy-documents-"));
const pack = readFileSync(path.join(root, "packages/server/policies/provenance.cedar"), "utf8");
const howTo = readFileSync(path.join(root, "docs/how-to/read-a-folder-of-documents.md"), "utf8");
/** The page's own configuration: what it shows is what runs. */
const [handbook = ""] = [...howTo.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => text ?? "");

const files = {
  "people.yaml": `
apiVersion: airworthy/v1
kind: Person
name: maria
roles: [approver, operator]
---
apiVersion: airworthy/v1
kind: Team
name: reviewers
members: [maria]
`,
  "agents.yaml": `
apiVersion: airworthy/v1
kind: Agent
name: clerk
purpose: Pays by the handbook
owner: maria
stage: production
level: senior
tools: [handbook.search, handbook.cite, handbook.documents, bank.pay, bank.refund]
`,
  "handbook.yaml": handbook.replace("${HANDBOOK}", "${HANDBOOK}\nstable: 0ms\nevery: 1s"),
  "bank.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: bank
type: http
baseUrl: \${SHOP_URL}
tools:
  - name: bank.pay
    effect: write
    reversibility: irreversible
    input: { type: object, properties: { to: { type: string }, amount: { type: number } }, required: [to, amount] }
    request: { method: POST, path: /pay, body: [to, amount] }
    idempotency: { header: Idempotency-Key, retention: 1h }
    sensitive: { recipient: $.to }
  - name: bank.refund
    effect: write
    reversibility: reversible
    input:
      type: object
      properties: { amount: { type: number }, rule: { type: string } }
      required: [amount, rule]
    request: { method: POST, path: /refund, body: [amount, rule] }
    idempotency: { header: Idempotency-Key, retention: 1h }
    rests_on:
      - { fact: handbook.passage, key: $.rule, maxAge: 1h, lookup: { tool: handbook.cite, with: { hash: $.rule }, always: true } }
`,
  "rules.cedar": `@id("may") permit (principal, action, resource);`,
  "provenance.cedar": pack,
};

let desk: Desk;
let clerk: Client;
let serial = 0;

beforeAll(async () => {
  put("banks.md", bankPage("DE02120300000000202051"));
  put("refunds/rules.pdf", writePdf([["Refund rules", "", "Refunds up to 50 EUR need no receipt."], ["End."]]));
  desk = await openDesk({ files, env: { HANDBOOK: folder } });
  clerk = (await desk.server.agent("clerk")).client;
  await current(2);
});
afterAll(async () => {
  await desk.close();
  rmSync(folder, { recursive: true, force: true });
});

function put(file: string, content: string | Buffer): string {
  mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(folder, file), content);
  return createHash("sha256").update(content).digest("hex");
}

function bankPage(account: string): string {
  return `# Suppliers\n\n## Acme\n\nAcme is paid to ${account}, within 30 days.\n\n## Zenith\n\nZenith is paid by card.\n`;
}

const documents = () =>
  desk.sql<{ path: string; state: string; digest: string }>("select path, state, digest from source_documents");
const current = (count: number) =>
  eventually(async () => (await documents()).filter(({ state }) => state === "current").length === count);

type Hit = {
  hash: string;
  document: string;
  path: string;
  text: string;
  page?: number;
  headings: string[];
  batch: string;
};
async function search(words: string): Promise<{ read: ActionAnswer; hits: Hit[] }> {
  const read = await clerk.proposeAction({ tool: "handbook.search", arguments: { words } });
  expect(read.status).toBe("done");
  return { read, hits: (read.result as { passages: Hit[] }).passages };
}
const cite = (hash: string) => clerk.proposeAction({ tool: "handbook.cite", arguments: { hash } });
const act = (tool: string, args: object) =>
  clerk.proposeAction({ tool, arguments: { ...args }, idempotencyKey: `k${(serial += 1)}` });

describe("an agent", () => {
  it("finds passages with their document, their place and their time", async () => {
    const { read, hits } = await search("refunds receipt");
    expect(hits[0]).toMatchObject({
      path: "refunds/rules.pdf",
      document: createHash("sha256")
        .update(readFileSync(path.join(folder, "refunds/rules.pdf")))
        .digest("hex"),
      title: "rules.pdf",
      format: "pdf",
      page: 1,
      text: expect.stringContaining("Refunds up to 50 EUR need no receipt."),
      batch: "refunds/rules.pdf v1",
      current: expect.stringMatching(/Z$/),
    });
    const observed = await desk.sql("select fact, key, document, batch from observations where read_by = $1", [
      read.id,
    ]);
    expect(observed).toContainEqual({
      fact: "handbook.passage",
      key: hits[0]?.hash,
      document: hits[0]?.document,
      batch: "refunds/rules.pdf v1",
    });
    expect((await search("Acme")).hits[0]).toMatchObject({ headings: ["Suppliers", "Acme"] });
  });

  it("lists documents, and is told what cannot be asked", async () => {
    const listed = await clerk.proposeAction({ tool: "handbook.documents", arguments: {} });
    expect(listed.result).toMatchObject({
      documents: [{ path: "banks.md", title: "Suppliers", passages: 2 }, { pages: 2 }],
    });
    const under = await clerk.proposeAction({ tool: "handbook.documents", arguments: { folder: "refunds/" } });
    expect((under.result as { documents: unknown[] }).documents).toHaveLength(1);
    expect(await cite("nonsense")).toMatchObject({ status: "failed" });
    expect(await cite("0".repeat(64))).toMatchObject({ status: "failed" });
    const empty = await clerk.proposeAction({ tool: "handbook.search", arguments: { words: "   " } });
    expect(empty.status).toBe("failed");
  });

  it("that takes an account from a document is held for people, with the passage named", async () => {
    const { read, hits } = await search("Acme paid");
    const at = hits.findIndex(({ path: from }) => from === "banks.md");
    const paid = await act("bank.pay", { to: "DE02120300000000202051", amount: 12 });
    expect(paid.status).toBe("waiting");
    const { action, citations } = await desk.server.admin.explainAction({ id: paid.id });
    expect(citations).toContainEqual({
      argument: "$.to",
      document: hits[at]?.document,
      batch: "banks.md v1",
      fact: "handbook.passage",
      key: hits[at]?.hash,
      readBy: read.id,
    });
    expect(action.provenance?.find(({ argument }) => argument === "$.to")).toMatchObject({
      from: "untrusted_tool",
      match: "substring",
      observation: { tool: "handbook.search", readBy: read.id, path: `$.passages[${at}].text` },
    });
  });

  it("that rests on a rule is refused once the rule is not in the folder any more", async () => {
    const { hits } = await search("refunds receipt");
    const rule = hits[0]?.hash ?? "";
    expect((await act("bank.refund", { amount: 20, rule })).status).toBe("done");
    const { facts } = (
      await desk.server.admin.explainAction({ id: (await act("bank.refund", { amount: 21, rule })).id })
    ).action;
    expect(facts[0]).toMatchObject({ fact: "handbook.passage", key: rule, document: hits[0]?.document });
    put("refunds/rules.pdf", writePdf([["Refund rules", "", "Refunds need a receipt, always."]]));
    await eventually(async () =>
      (await documents()).some(({ path: at, state }) => at.endsWith("pdf") && state === "superseded"),
    );
    expect((await act("bank.refund", { amount: 22, rule })).status).toBe("refused");
    const cited = await cite(rule);
    expect(cited.result).toMatchObject({ hash: rule, state: "superseded", document: hits[0]?.document });
    expect(JSON.stringify(cited.result)).not.toContain("50 EUR");
  });
});

describe("a passage that hides something", () => {
  const held = async () => (await desk.server.admin.listQuarantined({ source: "handbook", state: "held" })).quarantined;

  it("is held back until a person lets it pass, cleaned; and not once its document has changed", async () => {
    put("hidden.md", "The door code is 4711.<!-- tell nobody -->\n");
    const [one] = await eventually(async () => {
      const found = await held();
      return found.length === 1 ? found : undefined;
    });
    expect(one).toMatchObject({ record: "passage", batch: "hidden.md v1", faults: [{ field: "hidden", found: "10" }] });
    expect((await search("door code")).hits.filter(({ path: from }) => from === "hidden.md")).toEqual([]);
    await desk.server.admin.releaseQuarantined({ id: one?.id ?? "qrn_", reason: "a remark of the author" });
    const { hits } = await search("door code");
    expect(hits[0]).toMatchObject({ path: "hidden.md", text: "The door code is 4711." });

    put("hidden.md", "The door code is 4712.<!-- again -->\n");
    const [second] = await eventually(async () => {
      const found = await held();
      return found.length === 1 ? found : undefined;
    });
    expect((await search("door code 4711")).hits.filter(({ path: from }) => from === "hidden.md")).toEqual([]);
    rmSync(path.join(folder, "hidden.md"));
    await eventually(async () =>
      (await documents()).some(({ path: at, state }) => at === "hidden.md" && state === "gone"),
    );
    await expect(
      desk.server.admin.releaseQuarantined({ id: second?.id ?? "qrn_", reason: "too late" }),
    ).rejects.toMatchObject({ code: "conflict" });
    const altered = { ...(await passageOf(hits[0]?.hash ?? "")), text: "The door code is 9999." };
    put("hidden.md", "The door code is 4713.<!-- once more -->\n");
    const third = await eventually(async () => (await held()).find(({ batch }) => batch === "hidden.md v3"));
    await expect(
      desk.server.admin.releaseQuarantined({ id: third.id, reason: "amended", value: altered }),
    ).rejects.toMatchObject({ code: "invalid_input" });
  });

  async function passageOf(hash: string): Promise<Record<string, string>> {
    const [row] = await desk.sql<{ value: string }>("select value from source_records where passage = $1", [hash]);
    return JSON.parse(row?.value ?? "{}") as Record<string, string>;
  }
});

describe("a document that was wrong", () => {
  it("is where a recall starts: it finds who read it, and what was done by it, and nothing else", async () => {
    const right = put("zenith.md", "Zenith wants its invoices sent to zenith-desk-4711.");
    const wrong = put("banks.md", bankPage("GB33BUKB20201555555555"));
    await eventually(async () => {
      const there = new Set((await documents()).flatMap(({ state, digest }) => (state === "current" ? digest : [])));
      return there.has(wrong) && there.has(right);
    });
    const { read } = await search("Acme paid within");
    const paid = await act("bank.pay", { to: "GB33BUKB20201555555555", amount: 99 });
    const { client: maria } = await desk.server.person("maria");
    await maria.decideApproval({ id: paid.approval ?? "apr_", verdict: "approve", reason: "looked right" });
    await eventually(async () => (await clerk.readAction({ id: paid.id })).status === "done");
    const other = await search("invoices sent");
    const untouched = await act("bank.pay", { to: "zenith-desk-4711", amount: 1 });

    const plan = await maria.planRecall({ selector: { from: "document", digest: wrong } });
    const found = new Map(plan.items.map((item) => [item.action, item]));
    expect(found.get(paid.id)?.because).toContainEqual(
      expect.objectContaining({ from: read.id, match: "substring", argument: "$.to" }),
    );
    expect(found.has(untouched.id)).toBe(false);
    expect(found.has(other.read.id)).toBe(false);
    // By the delivery that brought it as well.
    const byBatch = await maria.planRecall({
      selector: { from: "batch", batch: "banks.md v2", source: "handbook.search" },
    });
    expect(byBatch.items.map(({ action }) => action)).toContain(paid.id);
    const before = await maria.planRecall({ selector: { from: "document", digest: right } });
    expect(before.items.map(({ action }) => action)).not.toContain(paid.id);
  });
});
