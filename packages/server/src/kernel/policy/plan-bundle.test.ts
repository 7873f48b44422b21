/** Slots and their names: 200 reloads use no new name and no more memory. */
import { createRequire } from "node:module";

import { describe, expect, it } from "vitest";

import { planBundle } from "./plan-bundle.ts";
import type { Stock } from "./plan-bundle.ts";
import { fixtureTools, readPolicies, refundTool } from "./policy-fixtures.ts";
import { startWorker } from "./worker-entry.ts";

const none: Stock = { tools: 0, sets: 0 };

function plan(count: number, stock: Stock) {
  const tools = Array.from({ length: count }, (_, n) => ({ ...refundTool, name: `tool-${n}` }));
  const texts = tools.map(
    (tool, n) => `@id("p${n}") permit (principal, action == Airworthy::Action::"${tool.name}", resource);`,
  );
  return planBundle(
    { tenant: "acme", version: 1, digest: "d", policies: readPolicies(texts.join("\n")), tools },
    { prefix: "0A", edition: "e", stock },
  );
}

describe("planBundle", () => {
  it("uses the names of earlier bundles again and empties those it does not need", () => {
    const large = plan(5, none);
    const small = plan(2, large.stock);
    expect(large.stock).toEqual({ tools: 5, sets: 5 });
    expect(small.stock).toEqual(large.stock);
    const names = ({ planned }: typeof large) => new Set(planned.steps.map((step) => step.slot));
    expect(names(small)).toEqual(names(large));
    const empty = small.planned.steps.filter(
      (step) => step.kind === "policies" && Object.keys(step.texts).length === 0,
    );
    expect(empty).toHaveLength(3);
  });

  it("gives tools of the same slice one set", () => {
    const policies = readPolicies('@id("a") permit (principal, action, resource);');
    const { planned, stock } = planBundle(
      { tenant: "t", version: 1, digest: "d", policies, tools: fixtureTools },
      { prefix: "0A", edition: "e", stock: none },
    );
    expect(stock).toEqual({ tools: 2, sets: 1 });
    expect(new Set([...planned.plans.values()].map(({ enforce }) => enforce)).size).toBe(1);
  });

  it("does not grow the engine's memory over 200 reloads into two slots", async () => {
    const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
    // Cedar's memory is its own; the thread takes hold of it as the module makes it.
    const script = `
      import { parentPort } from "node:worker_threads";
      let memory;
      const Instance = WebAssembly.Instance;
      WebAssembly.Instance = function (...args) { const made = new Instance(...args); memory = made.exports.memory; return made; };
      const { createJudge } = await import(${url("./judge.ts")});
      const { planBundle } = await import(${url("./plan-bundle.ts")});
      const { fixtureTools, readPolicies } = await import(${url("./policy-fixtures.ts")});
      const judge = createJudge();
      const text = Array.from({ length: 30 }, (_, n) => '@id("p' + n + '") permit (principal, action, resource) when { context.env.amountMinor > ' + n + ' };').join("\\n");
      const bundle = { tenant: "t", version: 1, digest: "d", policies: readPolicies(text), tools: fixtureTools };
      const load = (prefix) => {
        const { planned } = planBundle(bundle, { prefix, edition: "e", stock: { tools: 0, sets: 0 } });
        const answer = judge({ type: "prepare", job: 1, steps: planned.steps });
        if (answer.error !== undefined) throw new Error(answer.error);
      };
      const run = (name) => { for (let n = 0; n < 200; n += 1) load(name(n)); return memory.buffer.byteLength; };
      for (let n = 0; n < 10; n += 1) load(n % 2 === 0 ? "A" : "B");
      const before = memory.buffer.byteLength;
      const slots = run((n) => (n % 2 === 0 ? "A" : "B")) - before;
      const fresh = run((n) => "fresh" + n) - before - slots;
      parentPort.postMessage({ slots, fresh });`;
    const worker = startWorker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {});
    const grown = await new Promise<{ slots: number; fresh: number }>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    await worker.terminate();
    expect(grown.slots).toBeLessThan(2 * 1024 * 1024);
    // What fixed names are for: with a new name each time the same loads keep everything.
    expect(grown.fresh).toBeGreaterThan(8 * 1024 * 1024);
  });

  it("finds tsx where it looks for it", () => {
    expect(() => createRequire(import.meta.url).resolve("tsx/package.json")).not.toThrow();
  });
});
