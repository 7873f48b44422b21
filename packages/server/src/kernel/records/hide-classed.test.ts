/** Values of classed fields are in nothing that people see of records; everything else is. */
import type { ReadinessFinding } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import { createRecordChecker } from "./check-record.ts";
import { hideFaults, hideFinding, hideRecord } from "./hide-classed.ts";

const contract = {
  apiVersion: "airworthy/v1" as const,
  kind: "SourceContract" as const,
  name: "people",
  version: 1,
  fields: [
    { name: "id", type: "integer" as const, nullable: false },
    {
      name: "mail",
      type: "text" as const,
      nullable: false,
      maxLength: 20,
      allowed: ["a@b.example"],
      class: "pii.email",
    },
    { name: "home.street", type: "text" as const, nullable: true, class: "pii.address" },
    { name: "home.city", type: "text" as const, nullable: true },
    { name: "tags", type: "list" as const, nullable: true, class: "hr.note" },
  ],
};

describe("what is seen of classed fields", () => {
  it("in a fault is what was expected, and that something else was found", () => {
    const check = createRecordChecker(contract, false);
    const columns = ["id", "mail", "home.street", "home.city", "tags"];
    const faults = check({ number: 1, columns, cells: ["x-17", "mary@home.example", 12, null, null], raw: undefined });
    expect(faults).toEqual([
      { record: 1, field: "id", expected: "type integer", found: '"x-17"' },
      { record: 1, field: "mail", expected: "one of a@b.example", found: "(pii.email, not shown)" },
      { record: 1, field: "home.street", expected: "type text", found: "(pii.address, not shown)" },
    ]);
    const missing = check({ number: 2, columns, cells: [1, null, null, null, null], raw: undefined });
    expect(missing).toEqual([{ record: 2, field: "mail", expected: "a value", found: "nothing" }]);
  });

  it("in a fault that was written down before they had a class is hidden when it is read", () => {
    const faults = [
      { field: "mail", expected: "type text", found: '"mary@home.example"' },
      { field: "id", expected: "type integer", found: '"x"' },
    ];
    expect(hideFaults(faults, contract).map(({ found }) => found)).toEqual(["(pii.email, not shown)", '"x"']);
    expect(hideFaults(faults, undefined)).toEqual(faults);
  });

  it("in what could not be read is nothing, for any field may stand in it", () => {
    const faults = [{ field: "(message)", expected: "5 cells", found: '"7;mary@home.example;extra"' }];
    const hidden = "(perhaps hr.note, pii.address, pii.email, not shown)";
    expect(hideFaults(faults, contract)).toEqual([{ ...faults[0], found: hidden }]);
    expect(hideRecord("7;mary@home.example;extra", contract)).toBe(hidden);
    expect(hideRecord("7;x;extra", { fields: [] })).toBe("7;x;extra");
  });

  it("in a record is their class, at whatever depth, and with all that is below them", () => {
    const record = {
      id: 7,
      mail: "mary@home.example",
      home: { street: { name: "Elm", number: 3 }, city: "Bonn" },
      tags: ["ill", "late"],
    };
    expect(hideRecord(record, contract)).toEqual({
      id: 7,
      mail: "(pii.email, not shown)",
      home: { street: "(pii.address, not shown)", city: "Bonn" },
      tags: "(hr.note, not shown)",
    });
    expect(hideRecord(record, undefined)).toEqual(record);
  });

  it("in a finding is what changed, without a value or a picture", () => {
    const finding: ReadinessFinding = {
      kind: "unseen",
      severity: "severe",
      field: "mail",
      sentence: '3 % of the records have a value of mail that the pilot never had: "mary@home.example".',
      picture: [{ label: "mary@home.example", pilot: 0, production: 0.03 }],
    };
    const hidden = hideFinding(finding, contract);
    expect(JSON.stringify(hidden)).not.toContain("mary");
    expect(hidden.sentence).toBe(
      "mail has values that the baseline never had. It is of class pii.email: values are not shown.",
    );
    const missing = { ...finding, kind: "missing" as const, sentence: "mail is missing more often." };
    expect(hideFinding(missing, contract).sentence).toBe("mail is missing more often.");
    expect(hideFinding({ ...finding, field: "id" }, contract)).toMatchObject({ picture: finding.picture });
  });
});
