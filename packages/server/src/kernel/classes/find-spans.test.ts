/** Tests of the detectors: what they find, what they must leave alone, and texts made to slow them down. */
import { describe, expect, it } from "vitest";

import { compileDetector } from "./custom-detector.ts";
import { findSpans, type Looking } from "./find-spans.ts";

const found = (text: string, looking: Looking = {}): string[] =>
  findSpans(text, looking).map((span) => `${span.class} ${text.slice(span.from, span.to)}`);

describe("cards", () => {
  it("are found plain and in groups, of every network, at the end of a sentence", () => {
    expect(found("Pay with 4111 1111 1111 1111.")).toEqual(["pci.card 4111 1111 1111 1111"]);
    for (const card of [
      "5555555555554444",
      "378282246310005",
      "30569309025904",
      "6011111111111117",
      "3530111333300000",
    ]) {
      expect(found(`card ${card}, please`)).toEqual([`pci.card ${card}`]);
    }
    expect(found("3782-822463-10005")).toEqual(["pci.card 3782-822463-10005"]);
    expect(found("(4111-1111-1111-1111)")).toEqual(["pci.card 4111-1111-1111-1111"]);
  });
  it("are not seen in numbers with a wrong check digit, prefix or length, nor inside longer ones", () => {
    for (const text of [
      "4111111111111112",
      "1111111111111117",
      "411111111111111",
      "x4111111111111111",
      "41111111111111110000",
      "0.4111111111111111",
      "order 0000000000000000",
    ]) {
      expect(
        found(text).filter((one) => one.startsWith("pci")),
        text,
      ).toEqual([]);
    }
  });
});

describe("account numbers", () => {
  it("are found in any case and grouping, with their country's length", () => {
    expect(found("to DE89 3704 0044 0532 0130 00 today")).toEqual(["bank.iban DE89 3704 0044 0532 0130 00"]);
    expect(found("iban:gb29nwbk60161331926819!")).toEqual(["bank.iban gb29nwbk60161331926819"]);
  });
  it("are not seen where the remainder is not 1 or a letter follows", () => {
    expect(found("DE89370400440532013001").filter((one) => one.startsWith("bank"))).toEqual([]);
    expect(found("DE89370400440532013000X").filter((one) => one.startsWith("bank"))).toEqual([]);
    expect(found("ZZ89370400440532013000").filter((one) => one.startsWith("bank"))).toEqual([]);
  });
});

describe("addresses", () => {
  it("of e-mail are found without the punctuation around them", () => {
    expect(found("Write to <maria.o'neil+tag@mail.example.co.uk>.")).toEqual([
      "pii.email maria.o'neil+tag@mail.example.co.uk",
    ]);
    expect(found("'jörg@münchen.de'")).toEqual(["pii.email jörg@münchen.de"]);
    expect(found("https://x.org/?to=maria%40example.org&x=1")).toEqual(["pii.email maria%40example.org"]);
    expect(found("@maria, see a@b and user@localhost @ 5")).toEqual([]);
  });
  it("of the internet are found, versions and times are not", () => {
    expect(found("from 10.20.30.40, then 2001:db8::8a2e:370:7334.")).toEqual([
      "net.ip 10.20.30.40",
      "net.ip 2001:db8::8a2e:370:7334",
    ]);
    expect(found("version 1.2.3.4, at 12:30:15, 999.1.1.1, 1.2.3.4.5")).toEqual([]);
  });
});

describe("telephone numbers", () => {
  it("are found where they are international, written in groups, or named", () => {
    expect(found("+41 (0)96 471 07 95")).toEqual(["pii.phone +41 (0)96 471 07 95"]);
    expect(found("(602)272-9781 4 times")).toEqual(["pii.phone (602)272-9781"]);
    expect(found("Mobile: 9498777106")).toEqual(["pii.phone 9498777106"]);
    expect(found("9498777106", { field: "phoneNumber" })).toEqual(["pii.phone 9498777106"]);
  });
  it("are not seen in dates, amounts, references and bare numbers", () => {
    for (const text of [
      "2026-11-21",
      "21.11.2026 12:30",
      "1 234 567",
      "1234567890",
      "75534-030",
      "INV-2026-004711",
      "2019-2024",
    ]) {
      expect(found(text), text).toEqual([]);
    }
  });
});

describe("national ids", () => {
  it.each([
    ["us", "123-45-6789", ""],
    ["us", "123456789", "ssn"],
    ["gb", "AB 12 34 56 C", ""],
    ["gb", "943 476 5919", "nhsNumber"],
    ["de", "86095742719", "steuerId"],
    ["fr", "2 55 08 14 168 025 38", ""],
    ["es", "12345678Z", ""],
    ["es", "X1234567L", ""],
    ["it", "RSSMRA85T10A562S", ""],
    ["nl", "111222333", "bsn"],
    ["be", "85.07.30-033.28", ""],
    ["ch", "756.9217.0769.85", ""],
    ["at", "1237 010180", "SVNR"],
    ["pl", "44051401359", "pesel"],
    ["se", "811228-9874", ""],
    ["no", "01010750160", "fødselsnummer"],
    ["dk", "010190-1234", ""],
    ["fi", "131052-308T", ""],
    ["br", "390.533.447-05", ""],
    ["ca", "046 454 286", "sin"],
    ["in", "2341 2341 2346", "aadhaar"],
    ["tr", "10000000146", "tc kimlik"],
    ["cn", "11010519491231002X", ""],
    ["mx", "BOXW310820HNERXN09", ""],
  ])("of %s are found: %s", (country, id, field) => {
    expect(found(id, { field })).toEqual([`pii.national_id.${country} ${id}`]);
  });
  it("are not seen with wrong check digits, in never issued ranges, or bare without a word that says so", () => {
    for (const text of [
      "000-12-3456",
      "666-12-3456",
      "123-00-6789",
      "123456789",
      "12345678A",
      "RSSMRA85T10A562T",
      "390.533.447-06",
      "131052-308U",
      "11010519491231002Y",
      "44051401359",
    ]) {
      expect(
        found(text).filter((one) => one.includes("national_id")),
        text,
      ).toEqual([]);
    }
  });
});

describe("secrets", () => {
  it("are found by their issuer's prefix, by the word before them, and in addresses", () => {
    const github = `ghp_${"a1B2c3D4e5".repeat(4)}`;
    expect(found(`use ${github} now`)).toEqual([`secret.key ${github}`]);
    expect(found("AKIAIOSFODNN7EXAMPLE")).toEqual(["secret.key AKIAIOSFODNN7EXAMPLE"]);
    expect(found('password: "hunter2-Xy7!"')).toEqual(["secret.key hunter2-Xy7!"]);
    expect(found("postgres://app:s3cr3t-pw@db.example/x")).toContain("secret.key s3cr3t-pw");
    expect(found("q8Zr-19xK-uuT2", { field: "clientSecret" })).toEqual(["secret.key q8Zr-19xK-uuT2"]);
    expect(found("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----")[0]).toMatch(/^secret\.key/);
  });
  it("are not seen in words, ids and digests that stand alone", () => {
    for (const text of [
      "the secret is patience",
      "password: required",
      "550e8400-e29b-41d4-a716-446655440000",
      "d".repeat(64),
    ]) {
      expect(found(text), text).toEqual([]);
    }
  });
});

describe("detectors of one's own", () => {
  const detector = compileDetector({
    apiVersion: "airworthy/v1",
    kind: "DataClass",
    name: "hr.person",
    patterns: [String.raw`EMP-\d{5}`],
    words: ["Maria Schmidt", "Jonas"],
  });
  it("match expressions and whole words in any case", () => {
    expect(found("emp EMP-12345: MARIA  schmidt, jonas; Jonasson", { custom: [detector] })).toEqual([
      "hr.person EMP-12345",
      "hr.person MARIA  schmidt",
      "hr.person jonas",
    ]);
  });
  it("refuse what cannot be matched in linear time", () => {
    const make = (pattern: string) => () =>
      compileDetector({ apiVersion: "airworthy/v1", kind: "DataClass", name: "x", patterns: [pattern] });
    expect(make("(?=a)b")).toThrow(/Perl/i);
    expect(make(String.raw`(a)\1`)).toThrow(/escape/i);
  });
});

describe("texts made to slow them down", () => {
  const evil = compileDetector({ apiVersion: "airworthy/v1", kind: "DataClass", name: "x", patterns: ["(a+)+$"] });
  it.each([
    ["digits", "1".repeat(20_000)],
    ["groups of digits", "1 ".repeat(10_000)],
    ["grouped and dashed", "12-34 ".repeat(4000)],
    ["at signs", "a@".repeat(10_000)],
    ["dots and at signs", "a.a@a.".repeat(4000)],
    ["colons", "a:".repeat(10_000)],
    ["account numbers that end badly", "DE89 3704 0044 0532 0130 0".repeat(800)],
    ["names of secrets", "password ".repeat(2500)],
    ["openings of keys", "-----BEGIN PRIVATE KEY-----".repeat(800)],
    ["the first part of tokens", "eyJ".repeat(7000)],
    ["addresses without an end", "http://a:b".repeat(2000)],
    ["a pattern that explodes elsewhere", "a".repeat(20_000)],
  ])("come to an end soon, which the time limit of the test holds: %s", (_, text) => {
    // What were quadratic in half a million characters would not.
    const long = text.repeat(Math.ceil(500_000 / text.length));
    for (const span of findSpans(long, { custom: [evil] })) expect(span.to).toBeLessThanOrEqual(long.length);
  });
});
