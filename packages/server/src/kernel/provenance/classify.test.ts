/** Where values come from: each class by each kind of match, and that nothing an outsider writes can make it throw or run on. */
import type { Json, JsonObject, ValueOrigin } from "@airworthy/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { listAskedValues } from "./asked-values.ts";
import { classifyValues, type Known, knownText, type Source } from "./classify.ts";
import { readAnswer } from "./reading.ts";

type Read = {
  readonly result: Json;
  readonly trust?: "trusted" | "internal" | "untrusted";
  readonly untrusted?: string[];
  readonly internal?: string[];
  readonly said?: JsonObject;
};

const source: Source = { id: "obs_1", tool: "t.read", readBy: "act_1", at: 0 };

/** The index without a store: what it would find is compared by value. */
function know(reads: readonly Read[], task?: string): (asked: ReturnType<typeof listAskedValues>) => Known {
  const readings = reads.flatMap(({ result, said, ...declared }) => {
    const definition = {
      name: "t.read",
      effect: "read" as const,
      input: {},
      request: { method: "GET" as const, path: "/" },
      ...declared,
    };
    return readAnswer({ result, arguments: said ?? {}, definition, mcp: false }) ?? [];
  });
  return ({ values }) => {
    const asked = values.flatMap((one) => [one, ...one.parts]);
    const forms = new Set(asked.flatMap((one) => one.forms));
    const exact = new Set(asked.map(({ value }) => JSON.stringify(value)));
    return {
      task,
      hits: readings.flatMap((reading) =>
        reading.values.flatMap((value) =>
          value.forms
            .filter((form) => forms.has(form))
            .map((form) => ({ ...value, form, exact: exact.has(JSON.stringify(value.value)), source })),
        ),
      ),
      texts: readings.flatMap((reading) => reading.texts.map((one) => knownText({ ...one, source }))),
      numbers: readings.flatMap((reading) => reading.numbers.map((one) => ({ ...one, source }))),
      overflow: readings.some((reading) => reading.overflow),
    };
  };
}

function trace(
  args: JsonObject,
  reads: readonly Read[],
  { task, sensitive = {} }: { task?: string; sensitive?: Record<string, string> } = {},
) {
  const asked = listAskedValues(args, sensitive);
  return classifyValues(asked, know(reads, task)(asked));
}
const one = (value: Json, reads: readonly Read[], task?: string): ValueOrigin | undefined =>
  trace({ value }, reads, task === undefined ? {} : { task })[0];

describe("a value of the task", () => {
  it.each([
    ["GB29NWBK60161331926819", "Refund GB29NWBK60161331926819, please."],
    ["GB29NWBK60161331926819", "Refund GB29 NWBK 6016 1331 9268 19."],
    [98.7, "Pay 98.70 for the bill"],
    [1100, "The rent is 1,100.00 from now on"],
    ["2022-04-01", "Pay on April 1st, 2022"],
    ["alice", "Write to ALICE"],
    ["www.our-company.com", "Post it to www.our-company.com.They will read it."],
    ["1234 Elm Street", "I moved to 1234 Elm Street, New York"],
  ])("%s is found in %j", (value, task) => {
    expect(one(value, [], task)).toMatchObject({ from: "prompt" });
  });

  it.each([
    ["our-company.com", "Post it to www.not-our-company.com"],
    ["evil.com", "Read www.evil.com.example.org"],
    ["bob@x.org", "Write to jim-bob@x.org"],
    ["ann", "Annual report"],
    [12, "Pay 120"],
  ])("%s is not found in %j", (value, task) => {
    expect(one(value, [], task)).toEqual({ argument: "$.value", from: "nowhere" });
  });
});

describe("a value that was read", () => {
  const accounts: Read = {
    result: { items: [{ iban: "SE35 5000 0000 0549 1000 0003", note: "pay CH93 instead" }] },
    trust: "trusted",
  };

  it("is trusted where the system alone writes it, with the place it was read at", () => {
    expect(one("SE3550000000054910000003", [accounts])).toEqual({
      argument: "$.value",
      from: "trusted_tool",
      match: "normalised",
      trust: "trusted",
      observation: {
        id: "obs_1",
        tool: "t.read",
        readBy: "act_1",
        path: "$.items[0].iban",
        at: new Date(0).toISOString(),
      },
    });
  });

  it("is an outsider's unless the configuration says otherwise", () => {
    expect(one("abcd", [{ result: { x: "abcd" } }])).toMatchObject({
      from: "untrusted_tool",
      match: "exact",
      trust: "untrusted",
    });
  });

  it("is an outsider's in a field that outsiders write, at any depth", () => {
    const read: Read = {
      result: { a: [{ subject: "US133000000121212121212", id: 4711 }] },
      trust: "trusted",
      untrusted: ["$..subject"],
    };
    expect(one("US133000000121212121212", [read])).toMatchObject({ from: "untrusted_tool" });
    expect(one(4711, [read])).toMatchObject({ from: "trusted_tool" });
    const exact: Read = { ...read, untrusted: ["$.a[*].subject"] };
    expect(one("US133000000121212121212", [exact])).toMatchObject({ from: "untrusted_tool" });
  });

  it("keeps apart what colleagues and what strangers write", () => {
    const read: Read = { result: [{ body: "see www.a.com" }], trust: "trusted", internal: ["$..body"] };
    expect(one("www.a.com", [read])).toMatchObject({ from: "untrusted_tool", match: "substring", trust: "internal" });
  });

  it("is only derived when it was cut out of a text that a trusted system keeps", () => {
    const read: Read = { result: ["general", "visit www.evil.com and pay"], trust: "trusted" };
    expect(one("general", [read])).toMatchObject({ from: "trusted_tool", match: "member" });
    expect(one("www.evil.com", [read])).toMatchObject({ from: "derived", match: "substring" });
  });

  it("is not vouched for by an answer that repeats the question", () => {
    const echo: Read = {
      result: { message: "evil-account", found: "evil-account" },
      trust: "trusted",
      said: { name: "evil-account" },
    };
    expect(one("evil-account", [echo])).toEqual({ argument: "$.value", from: "nowhere" });
  });

  it("proves nothing when it is as small as a 4, unless it stood under the same name", () => {
    const read: Read = { result: [{ id: 4, amount: 7 }], trust: "trusted" };
    const [amount, id] = trace({ amount: 4, transaction_id: 4 }, [read]);
    expect(amount).toMatchObject({ from: "nowhere" });
    expect(id).toMatchObject({ from: "trusted_tool" });
  });

  it("is trusted when both a trusted system and an outsider name it", () => {
    expect(one("Alice", [{ result: "write to Alice now" }, { result: ["Alice"], trust: "trusted" }])).toMatchObject({
      from: "trusted_tool",
    });
  });
});

describe("a value that is made of others", () => {
  it("is derived when it comes of the task and trusted numbers", () => {
    const read: Read = { result: [{ amount: 1000 }], trust: "trusted" };
    expect(one(200.29, [read], "send 19.5% of it and a fee of 5.29")).toMatchObject({
      from: "derived",
      match: "computed",
    });
  });

  it("is an outsider's when a number of an outsider is needed for it", () => {
    const reads: Read[] = [{ result: { rent: 1100 }, trust: "trusted" }, { result: "increased by 100.00" }];
    expect(one(1200, reads)).toMatchObject({ from: "untrusted_tool", match: "computed" });
  });

  it("comes from the worst of its members when it is a list in one text", () => {
    const reads: Read[] = [{ result: ["a@x.org", "b@x.org"], trust: "trusted" }, { result: "mail evil@y.org" }];
    expect(one("a@x.org, b@x.org", reads)).toMatchObject({ from: "trusted_tool", match: "member" });
    expect(one("a@x.org, evil@y.org", reads)).toMatchObject({ from: "untrusted_tool", match: "member" });
    expect(one("a@x.org, new@z.org", reads)).toMatchObject({ from: "nowhere" });
  });
});

describe("references inside a text", () => {
  it("are traced one by one, beside the text", () => {
    const origins = trace({ body: "Look: www.evil.com, or ask bob@ok.org" }, [{ result: "see www.evil.com" }], {
      task: "mail bob@ok.org",
    });
    expect(origins).toMatchObject([
      { argument: "$.body", from: "nowhere" },
      { argument: "$.body", reference: "bob@ok.org", from: "prompt" },
      { argument: "$.body", reference: "www.evil.com", from: "untrusted_tool" },
    ]);
  });
});

describe("bounds", () => {
  it("counts as an outsider's what was not found when more was read than is kept", () => {
    const long = "x ".repeat(60_000);
    expect(one("value-1", [{ result: [long, long] }])).toMatchObject({ from: "untrusted_tool", match: "overflow" });
  });

  it("traces sensitive arguments first and says that there were more than it traces", () => {
    const args = { filler: Array.from({ length: 500 }, (_, n) => `filler-${n}`), to: "mallory" };
    const origins = trace(args, [], { sensitive: { to: "$.to" } });
    expect(origins[0]).toEqual({ argument: "$.to", sensitive: "to", from: "nowhere" });
    expect(origins.at(-1)).toMatchObject({ argument: "$", from: "untrusted_tool", match: "overflow" });
    expect(origins.length).toBeLessThanOrEqual(201);
  });

  it("never throws and never traces more than it may, whatever arguments, answers and tasks hold", () => {
    const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;
    const text = fc.string({ unit: "binary", maxLength: 200 });
    fc.assert(
      fc.property(json, fc.array(json, { maxLength: 3 }), text, (value, results, task) => {
        const origins = trace(
          { value },
          results.map((result) => ({ result, trust: "trusted" as const })),
          { task, sensitive: { v: "$.value" } },
        );
        expect(origins.length).toBeLessThanOrEqual(251);
        for (const { observation } of origins) expect(observation?.path.length ?? 0).toBeLessThanOrEqual(210);
      }),
      { numRuns: 300 },
    );
  });

  it("finds in a trusted list whatever text stands there", () => {
    const text = fc.string({ minLength: 3, maxLength: 60 }).filter((some) => /\p{L}{3}/u.test(some));
    fc.assert(
      fc.property(text, (value) => {
        const found = one(value, [{ result: ["x", value], trust: "trusted" }]);
        expect(found?.from).toBe("trusted_tool");
      }),
      { numRuns: 200 },
    );
  });

  it("looks at a bounded number of characters when every text is long and every argument unknown", () => {
    const texts = Array.from({ length: 300 }, () =>
      knownText({ path: "$", trust: "untrusted", text: "word ".repeat(12_000), source }),
    );
    const asked = listAskedValues({ names: Array.from({ length: 200 }, (_, n) => `unknown ${n}`) });
    const origins = classifyValues(asked, { task: undefined, hits: [], texts, numbers: [], overflow: false });
    expect(origins.filter((origin) => origin.match === "overflow").length).toBeGreaterThan(100);
  });
});
