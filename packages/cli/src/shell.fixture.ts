/** A shell for tests: it remembers what was written and answers from what it was given. */
import type { Finding, LedgerVerification } from "@airworthy/contract";

import { runProgram } from "./program.ts";
import type { ServerParts } from "./server-parts.ts";
import type { Shell } from "./shell.ts";

/** What a fake server was asked; `tenant` and `key` as the headers said. */
type Asked = {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly key: string | undefined;
  readonly tenant: string | undefined;
};
/** Answers a request: a status and a body. */
type FakeServer = (asked: Asked) => { readonly status?: number; readonly body: unknown };

export type FakeWorld = {
  readonly server?: FakeServer;
  readonly parts?: Partial<ServerParts>;
  readonly shell?: Partial<Shell>;
};

export type Ran = {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly asked: readonly Asked[];
  readonly questions: readonly string[];
};

/** Runs one command line in a world made for it. */
export async function runIn(world: FakeWorld, ...words: readonly string[]): Promise<Ran> {
  const written = { out: "", err: "" };
  const asked: Asked[] = [];
  const questions: string[] = [];
  const shell: Shell = {
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    outIsTerminal: false,
    errIsTerminal: false,
    inIsTerminal: false,
    columns: 80,
    environment: { colour: "auto", url: "http://127.0.0.1:4747" },
    cwd: "/",
    now: () => Date.parse("2026-03-02T09:30:00.000Z"),
    sleep: () => Promise.resolve(),
    readInput: () => Promise.resolve(""),
    untilAskedToEnd: () => Promise.resolve(),
    pid: 4242,
    startedMs: () => 1234,
    loadServer: () => Promise.resolve({ ...noParts, ...world.parts }),
    ...world.shell,
    ask: (question) => {
      questions.push(question);
      return world.shell?.ask?.(question) ?? Promise.resolve("");
    },
    fetch: async (url, init) => {
      const request = readRequest(url, init);
      asked.push(request);
      if (world.server === undefined) throw new TypeError("fetch failed");
      const { status = 200, body } = world.server(request);
      return new Response(JSON.stringify(body), { status });
    },
  };
  const code = await runProgram(words, shell);
  return { code, ...written, asked, questions };
}

function readRequest(url: string, init: RequestInit): Asked {
  const headers = new Headers(init.headers);
  const { pathname, search } = new URL(url);
  return {
    method: init.method ?? "GET",
    path: pathname + search,
    body: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
    key: headers.get("authorization")?.replace("Bearer ", ""),
    tenant: headers.get("airworthy-tenant") ?? undefined,
  };
}

const missing = (name: string) => () => Promise.reject(new Error(`this test did not expect ${name}`));
const noParts: ServerParts = {
  startServer: missing("startServer"),
  readFolder: missing("readFolder"),
  checkFiles: missing("checkFiles"),
  renderFindings: (findings) =>
    findings.map((finding) => `${finding.file}:${finding.line} ${finding.message}\n`).join(""),
  pinTools: missing("pinTools"),
  profileSource: missing("profileSource"),
  compareSources: missing("compareSources"),
  sampleBaseline: missing("sampleBaseline"),
  findContract: missing("findContract"),
  findFileForm: missing("findFileForm"),
  checkSource: missing("checkSource"),
  checkReceipt: () => {
    throw new Error("this test did not expect checkReceipt");
  },
  verifyOffline: missing("verifyOffline"),
};

export const finding: Finding = {
  code: "AW1001",
  severity: "error",
  file: "agents.yaml",
  line: 8,
  column: 13,
  length: 6,
  message: '"juniro" is not a level',
  hint: 'did you mean "junior"?',
};

export const intact: LedgerVerification = {
  ok: true,
  entries: 12,
  chains: 2,
  checkpoints: 1,
  erased: 0,
  faultCount: 0,
  faults: [],
};

const hex = "0190a0b0c0d07000800000000000abcd";
export const ids = {
  action: `act_${hex}`,
  approval: `apr_${hex}`,
  otherApproval: `apr_${hex.replace("abcd", "abce")}`,
  stop: `stp_${hex}`,
  key: `key_${hex}`,
} as const;

export const stop = {
  id: ids.stop,
  scope: { kind: "agent", agent: "refund-agent" },
  mode: "deny_writes",
  reason: "refunds look wrong",
  by: "ana",
  at: "2026-03-02T09:29:00.000Z",
};
