/** Bad input at the HTTP door of a whole server: a clear error each, no effect, nothing leaked, the server unharmed. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { expectClearError, expectNothingLeaked, get, post, sendRaw, type Sent } from "../support/hostile.ts";
import { type HostileShop, openHostileShop } from "../support/hostile-shop.ts";
import type { TestServer } from "../support/server.ts";
import type { Upstream } from "../support/upstream.ts";

let desk: HostileShop;
let shop: Upstream;
let server: TestServer;
let key: string;
let person: string;

beforeAll(async () => {
  desk = await openHostileShop();
  ({ shop, server, key } = desk);
  person = (await server.person("maria")).key;
});
afterAll(() => desk.close());

const bearer = () => ({ authorization: `Bearer ${key}` });
const propose = (body: string | Uint8Array) => post(`${server.url}/v1/actions`, body, bearer());
const note = (text = "a note") => ({ tool: "shop.note", arguments: { text } });

/** After each piece of bad input: nothing was done upstream, and the server is as good as before. */
afterEach(expectUnharmed);

let count = 0;
async function expectUnharmed(): Promise<void> {
  await desk.expectUnharmed();
  count += 1;
  const good = await propose(JSON.stringify(note(`good ${count}`)));
  expect(good.body).toMatchObject({ status: "done" });
}

/** A proposal of a note whose raw JSON text is given piece by piece. */
const raw = (inner: string): string => `{"tool":"shop.note","arguments":{"text":"hostile"${inner}}}`;

describe("a body", () => {
  it.each([
    ["nothing", ""],
    ["half an object", '{"tool":"shop.note","arguments":{"text":"hostile"'],
    ["two documents", `${raw("")}${raw("")}`],
    ["a comma too many", raw(",")],
    ["single quotes", "{'tool':'shop.note'}"],
    ["a comment", `/* hostile */${raw("")}`],
    ["NaN", raw(',"n":NaN')],
    ["a byte order mark", `\uFEFF${raw("")}`],
    ["a raw control character", '{"tool":"shop.note","arguments":{"text":"hostile\u0001"}}'],
    ["a raw NUL", '{"tool":"shop.note","arguments":{"text":"hostile\u0000"}}'],
  ])("that is no JSON is refused with its place: %s", async (_, text) => {
    const error = expectClearError(await propose(text), "invalid_json");
    expect(error.place ?? error.message).toMatch(/byte|UTF-8/);
  });

  it.each([
    ["a list", "[]"],
    ["a string", '"hostile"'],
    ["null", "null"],
    ["a number", "7"],
  ])("that is %s is refused", async (_, text) => {
    expect(expectClearError(await propose(text), "invalid_input").place).toBe("$");
  });

  it.each([
    ["Latin-1", Buffer.from(raw(',"x":"\u00e9"'), "latin1")],
    ["UTF-16", Buffer.from(raw(""), "utf16le")],
    [
      "an overlong slash",
      Buffer.concat([Buffer.from('{"tool":"hostile'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    ],
    [
      "an encoded surrogate",
      Buffer.concat([Buffer.from('{"tool":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    ],
  ])("in %s is refused", async (_, bytes) => {
    expectClearError(await propose(bytes), "invalid_json");
  });

  it.each([
    ["__proto__", raw(',"__proto__":{"isAdmin":true}'), "$.arguments"],
    ["constructor", raw(',"constructor":{"prototype":{"isAdmin":true}}'), "$.arguments"],
    ["prototype, deep down", raw(',"a":[{"b":{"prototype":1}}]'), "$.arguments.a[0].b"],
    ["__entity", raw(',"who":{"__entity":{"type":"Airworthy::Agent","id":"clerk"}}'), "$.arguments.who"],
    ["__extn", raw(',"who":{"__extn":{"fn":"decimal","arg":"1.0"}}'), "$.arguments.who"],
    ["__expr", raw(',"who":{"__expr":"true"}'), "$.arguments.who"],
    [
      "__proto__ beside the tool",
      '{"tool":"shop.note","__proto__":{"tool":"shop.blind"},"arguments":{"text":"hostile"}}',
      "$",
    ],
    ["an escaped __proto__", raw(',"\\u005f_proto__":1'), "$.arguments"],
  ])("with the reserved name %s is refused", async (_, text, place) => {
    expect(expectClearError(await propose(text), "invalid_json").place).toContain(place);
  });

  it.each([
    ["twice the same name", raw(',"text":"hostile"')],
    ["twice the same name, escaped", raw(',"te\\u0078t":"hostile"')],
    ["two tools", '{"tool":"shop.get","tool":"shop.note","arguments":{"text":"hostile"}}'],
    ["1e400", raw(',"n":1e400')],
    ["an integer beyond 2^53", raw(',"n":9007199254740993')],
    ["a minus beyond 2^53", raw(',"n":-9007199254740993')],
    ["a number of 10,000 digits", raw(`,"n":${"9".repeat(10_000)}`)],
    ["half a surrogate pair", raw(',"x":"\\ud83d"')],
    ["half a surrogate pair in a name", raw(',"\\ude00":1')],
    ["U+0000", raw(',"x":"a\\u0000b"')],
    ["U+0000 in a name", raw(',"a\\u0000b":1')],
  ])("that readers may disagree on is refused: %s", async (_, text) => {
    expectClearError(await propose(text), "invalid_json");
  });

  it.each([
    ["objects", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
    ["lists", `{"tool":"shop.note","arguments":{"text":${"[".repeat(1_000_000)}`],
    ["65 levels", raw(`,"a":${"[".repeat(65)}${"]".repeat(65)}`)],
  ])("that nests too deep is refused before it is built: %s", async (_, text) => {
    expect(expectClearError(await propose(text), "invalid_json").message).toContain("64 levels");
  });

  it("with more than 100,000 members is refused", async () => {
    const members = Array.from({ length: 100_001 }, (_, index) => `"k${index}":0`).join(",");
    expect(expectClearError(await propose(raw(`,${members}`)), "invalid_json").message).toContain("members");
  });

  it("with 99,000 unknown arguments is refused by the tool's schema in few words", async () => {
    const members = Array.from({ length: 99_000 }, (_, index) => `"k${index}":0`).join(",");
    const answer = await propose(raw(`,${members}`));
    expect(answer.body).toMatchObject({ status: "refused", decision: { reasons: [{ code: "invalid_arguments" }] } });
    expectNothingLeaked(answer.text);
    expect(answer.text.length).toBeLessThan(4000);
  });

  it("with 50,000 unknown fields beside the tool is refused in few words", async () => {
    const members = Array.from({ length: 50_000 }, (_, index) => `"hostile${index}":0`).join(",");
    expectClearError(await propose(`{"tool":"shop.note","arguments":{},${members}}`), "invalid_input");
  });

  it("with a name of a megabyte is refused in few words", async () => {
    const long = "hostile".repeat(150_000);
    expectClearError(await propose(`{"tool":"shop.note","arguments":{},"${long}":0}`), "invalid_input");
    const inArguments = await propose(raw(`,"${long}":0`));
    expect(inArguments.body).toMatchObject({ status: "refused" });
    expect(inArguments.text.length).toBeLessThan(4000);
  });
});

describe("a field", () => {
  const nasty: readonly (readonly [string, string])[] = [
    ["U+0000", "a\u0000hostile"],
    ["a line break", "a\nhostile"],
    ["an escape sequence", "\u001b[2Jhostile"],
    ["a C1 control", "a\u009bhostile"],
    ["DEL", "a\u007fhostile"],
  ];
  const fields: readonly (readonly [string, (text: string) => object])[] = [
    ["tool", (text) => ({ ...note("hostile"), tool: text })],
    ["run", (text) => ({ ...note("hostile"), run: text })],
    ["idempotencyKey", (text) => ({ ...note("hostile"), idempotencyKey: text })],
  ];
  it.each(fields.flatMap(([field, make]) => nasty.map(([what, text]) => [field, what, make(text)] as const)))(
    "%s with %s is refused",
    async (field, _, body) => {
      const error = expectClearError(await propose(JSON.stringify(body)), /invalid_input|invalid_json/);
      expect(error.place).toBe(`$.${field}`);
    },
  );

  it("rationale may have lines, and no other control characters", async () => {
    expectClearError(await propose(JSON.stringify({ ...note("hostile"), rationale: "\u001b[2J" })), "invalid_input");
    const answer = await propose(JSON.stringify({ ...note("with lines"), rationale: "one\n\ttwo" }));
    expect(answer.body).toMatchObject({ status: "done" });
  });

  it.each([
    ["tool is a list", { tool: ["shop.note"], arguments: { text: "hostile" } }, "$.tool"],
    ["tool is empty", { tool: "", arguments: {} }, "$.tool"],
    ["tool is too long", { tool: "t".repeat(129), arguments: {} }, "$.tool"],
    ["arguments is a list", { tool: "shop.note", arguments: ["hostile"] }, "$.arguments"],
    ["arguments is text", { tool: "shop.note", arguments: '{"text":"hostile"}' }, "$.arguments"],
    ["arguments is missing", { tool: "shop.note" }, "$.arguments"],
    ["confidence is 2", { ...note("hostile"), confidence: 2 }, "$.confidence"],
    ["confidence is text", { ...note("hostile"), confidence: "0.9" }, "$.confidence"],
    ["waitMs is a year", { ...note("hostile"), waitMs: 31_536_000_000 }, "$.waitMs"],
    ["waitMs is minus one", { ...note("hostile"), waitMs: -1 }, "$.waitMs"],
    ["run is too long", { ...note("hostile"), run: "r".repeat(129) }, "$.run"],
    ["the key is too long", { ...note("hostile"), idempotencyKey: "k".repeat(257) }, "$.idempotencyKey"],
    ["the rationale is too long", { ...note("hostile"), rationale: "r".repeat(2001) }, "$.rationale"],
    ["there is one too many", { ...note("hostile"), agent: "reader" }, "$"],
    ["a tenant is named", { ...note("hostile"), tenant: "other" }, "$"],
  ])("that does not fit is named: %s", async (_, body, place) => {
    expect(expectClearError(await propose(JSON.stringify(body)), "invalid_input").place).toBe(place);
  });
});

describe("a proposal", () => {
  const refusedWith = async (body: object, code: string): Promise<Sent> => {
    const answer = await propose(JSON.stringify(body));
    expect(answer.body, answer.text).toMatchObject({ status: "refused", decision: { effect: "deny" } });
    expect(JSON.stringify(answer.body)).toContain(`"${code}"`);
    expectNothingLeaked(answer.text);
    return answer;
  };
  const refund = (changes: object) => ({
    tool: "shop.refund",
    arguments: { account: "a1", invoice: "inv-1", amountMinor: 1, note: "hostile", ...changes },
  });

  it.each(["shop.nothing", "../shop.note", "shop.note ", "SHOP.NOTE", "toString", "hasOwnProperty", "' or 1=1 --"])(
    "of a tool that is not there is refused: %s",
    async (tool) => {
      await refusedWith({ tool, arguments: { text: "hostile" } }, "unknown_tool");
    },
  );

  it.each([
    ["text where a number should be", refund({ amountMinor: "1" })],
    ["half a cent", refund({ amountMinor: 0.5 })],
    ["a negative amount", refund({ amountMinor: -1 })],
    ["a list as an id", refund({ invoice: ["inv-1"] })],
    ["an object as an id", refund({ account: { $ne: null } })],
    ["null as an id", refund({ account: null })],
    ["an argument too many", refund({ approved: true })],
    ["nothing at all", { tool: "shop.refund", arguments: {} }],
  ])("with arguments of the wrong type is refused: %s", async (_, body) => {
    await refusedWith(body, "invalid_arguments");
  });

  it.each([
    ["an entity's id with a line break", refund({ invoice: "inv\n1" })],
    ["an entity's id with an escape sequence", refund({ invoice: "\u001b]0;hostile" })],
    ["an entity's id of 5,000 letters", refund({ invoice: "i".repeat(5000) })],
    ["a fact's key with a control character", refund({ account: "a\u0001" })],
    ["a fact's key of 5,000 letters", refund({ account: "a".repeat(5000) })],
  ])("that names what no index holds is refused: %s", async (_, body) => {
    await refusedWith(body, "missing_input");
  });

  it.each(["../admin", "..", "a/../../b", "..\\..\\b", "%2e%2e/b", "."])(
    "whose id would walk the upstream's folders does not get there: %s",
    async (id) => {
      const before = shop.received.length;
      const answer = await propose(JSON.stringify({ tool: "shop.get", arguments: { id } }));
      expectNothingLeaked(answer.text);
      for (const { path } of shop.received.slice(before)) expect(path).toMatch(/^\/accounts\/[^/]+$/);
      expect(answer.body).toMatchObject({ status: expect.stringMatching(/^(failed|done)$/) as string });
    },
  );

  it("whose id holds a header or a query reaches the upstream as that id and nothing more", async () => {
    const id = "x?admin=1#&y=2 HTTP/1.1\r\nX-Evil: 1";
    const before = shop.received.length;
    const spaced = await propose(JSON.stringify({ tool: "shop.get", arguments: { id } }));
    expect(spaced.body).toMatchObject({ status: "failed", error: { code: "invalid_arguments" } });
    expect(shop.received.length).toBe(before);
    const plain = await propose(JSON.stringify({ tool: "shop.get", arguments: { id: "x?admin=1#&y=2" } }));
    expect(plain.body).toMatchObject({ status: "done" });
    expect(shop.received.at(-1)).toMatchObject({ path: "/accounts/x%3Fadmin%3D1%23%26y%3D2", query: {} });
  });
});

describe("an id or a filter", () => {
  const as = () => ({ authorization: `Bearer ${person}` });
  it.each([
    ["/v1/actions/act_1", 400],
    ["/v1/actions/act_" + "0".repeat(32), 404],
    ["/v1/actions/act_" + "G".repeat(32), 400],
    ["/v1/actions/act_%00" + "0".repeat(31), 400],
    ["/v1/actions/%2e%2e%2fkeys", 400],
    ["/v1/actions/..%2f..%2fetc%2fpasswd/explanation", 400],
    ["/v1/actions/%ff%fe", 400],
    ["/v1/actions/%", 400],
    ["/v1/actions/' or '1'='1", 400],
    ["/v1/actions/__proto__", 400],
    ["/v1/actions/constructor/explanation", 400],
    ["/v1/actions?agent=%00", 400],
    ["/v1/actions?tool=a%0ab", 400],
    ["/v1/actions?entity=%1b", 400],
    ["/v1/actions?limit=0", 400],
    ["/v1/actions?limit=1e9", 400],
    ["/v1/actions?limit=NaN", 400],
    ["/v1/actions?before=act_1", 400],
    ["/v1/actions?status=all", 400],
    ["/v1/actions?__proto__=1", 400],
    ["/v1/actions?unknown=1", 400],
    ["/v1/actions?tool=" + "t".repeat(10_000), 400],
    ["/v1/approvals?team=%00", 400],
    ["/v1/stops?all=maybe", 400],
    ["/v1/nothing", 404],
    ["/v1/../../etc/passwd", 404],
    ["//evil.example/v1/health", 404],
  ])("that is none is told so: GET %s", async (path, status) => {
    const head = `GET ${path.replaceAll(" ", "%20")} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${person}\r\n\r\n`;
    const text = await sendRaw(server.url, [head]);
    const [top = "", body = ""] = text.split("\r\n\r\n", 2);
    expect(top).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expectClearError({ status, text: body, body: JSON.parse(body) }, /invalid_input|not_found/);
  });

  it("with quotes in it is text and nothing else", async () => {
    const tricks = ["'; drop table actions; --", '" or ""="', "\\", "%", "_"];
    for (const trick of tricks) {
      const query = new URLSearchParams({ agent: trick, tool: trick, entity: trick });
      expect((await get(`${server.url}/v1/actions?${query.toString()}`, as())).body).toEqual({ actions: [] });
      const team = new URLSearchParams({ team: trick });
      expect((await get(`${server.url}/v1/approvals?${team.toString()}`, as())).body).toEqual({ approvals: [] });
    }
  });

  it.each([
    ["/v1/stops", { scope: { kind: "agent", agent: "a\u0000" }, reason: "r" }],
    ["/v1/stops", { scope: { kind: "entity", entity: "invoice:a\nb" }, reason: "r" }],
    ["/v1/stops", { scope: { kind: "entity", entity: "invoice" }, reason: "r" }],
    ["/v1/stops", { scope: { kind: "everything" }, reason: "r" }],
    ["/v1/stops", { scope: { kind: "all" }, mode: "deny_nothing", reason: "r" }],
    ["/v1/stops", { scope: { kind: "all" }, reason: "a\u0000b" }],
    ["/v1/stops", { scope: { kind: "all" }, reason: "" }],
    [`/v1/actions/act_${"0".repeat(32)}/resolution`, { happened: true, reason: "\u0000" }],
    [`/v1/actions/act_${"0".repeat(32)}/resolution`, { happened: "yes", reason: "r" }],
  ])("in what a person sends is looked at too: %s %j", async (path, body) => {
    expectClearError(await post(`${server.url}${path}`, JSON.stringify(body), as()), /invalid_input|invalid_json/);
    expect((await server.admin.listStops()).stops).toEqual([]);
  });

  it("in the body cannot overrule the one in the path", async () => {
    const other = `act_${"1".repeat(32)}`;
    const body = { id: other, happened: true, reason: "r" };
    const answer = await post(`${server.url}/v1/actions/act_${"0".repeat(32)}/resolution`, JSON.stringify(body), as());
    expect(answer.text).toContain(`act_${"0".repeat(32)}`);
    expect(answer.text).not.toContain(other);
  });
});
