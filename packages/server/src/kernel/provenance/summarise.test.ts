/** What policies see of provenance: names of sensitive arguments by class, references apart, each facet's class. */
import type { ValueOrigin } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import { summariseProvenance } from "./summarise.ts";

const origins: readonly ValueOrigin[] = [
  { argument: "$.to", sensitive: "recipient", from: "untrusted_tool", trust: "internal" },
  { argument: "$.amount", sensitive: "amount", from: "derived", match: "computed" },
  { argument: "$.pin", sensitive: "pin", from: "derived", match: "substring" },
  { argument: "$.note", from: "nowhere" },
  { argument: "$.note", reference: "www.evil.com", from: "untrusted_tool", trust: "untrusted" },
];

describe("summariseProvenance", () => {
  it("names sensitive arguments as the tool does, all others by path, references apart", () => {
    expect(summariseProvenance(origins, { target: { path: "$.to", type: "string" } })).toEqual({
      worst: "nowhere",
      untrusted: ["$.to"],
      nowhere: ["$.note"],
      derived: ["$.amount", "$.pin"],
      sensitive: {
        worst: "untrusted_tool",
        untrusted: ["recipient"],
        outside: [],
        nowhere: [],
        cut: ["pin"],
        computed: ["amount"],
      },
      references: { untrusted: ["$.note"], outside: ["$.note"], nowhere: [], cut: [] },
      facets: { target: { from: "untrusted_tool", source: "" } },
    });
  });

  it("counts arguments that could not be traced among the sensitive ones", () => {
    const { sensitive } = summariseProvenance([{ argument: "$", from: "untrusted_tool", match: "overflow" }]);
    expect(sensitive).toMatchObject({ untrusted: ["$"], outside: ["$"] });
  });

  it("says none where nothing was traced", () => {
    expect(summariseProvenance([], {})).toMatchObject({ worst: "none", sensitive: { worst: "none", untrusted: [] } });
  });
});
