/** Tests code frames: the place, long lines, secrets, and texts that would steer a terminal. */
import type { Finding } from "@airworthy/contract";
import { describe, expect, test } from "vitest";

import { renderFindings } from "./render-findings.ts";

const finding: Finding = {
  code: "AW1012",
  severity: "error",
  file: "agent.yaml",
  line: 2,
  column: 8,
  length: 6,
  message: '"Juniro" is not one of intern, junior, senior, principal',
  hint: 'did you mean "junior"?',
};
const files = [{ path: "agent.yaml", text: "kind: Agent\nlevel: Juniro\r\nstage: shadow\n" }];

describe("renderFindings", () => {
  test("shows the line, marks the place and counts", () => {
    const text = renderFindings([finding, { ...finding, severity: "warning", line: 9 }], files);
    expect(text).toBe(
      [
        'error[AW1012]: "Juniro" is not one of intern, junior, senior, principal',
        "  --> agent.yaml:2:8",
        "  2| level: Juniro",
        '   |        ^^^^^^ did you mean "junior"?',
        "",
        'warning[AW1012]: "Juniro" is not one of intern, junior, senior, principal',
        "  --> agent.yaml:9:8",
        '  did you mean "junior"?',
        "",
        "1 error, 1 warning",
        "",
      ].join("\n"),
    );
  });

  test("nothing to say is an empty text", () => {
    expect(renderFindings([], files)).toBe("");
  });

  test("colours only when asked", () => {
    expect(renderFindings([finding], files)).not.toContain("\u001B");
    expect(renderFindings([finding], files, { color: true })).toContain("\u001B[31m^^^^^^");
  });

  test("keeps the mark under its text on a long line", () => {
    const line = `${"a".repeat(500)}WRONG${"b".repeat(500)}`;
    const [, , shown = "", under = ""] = renderFindings(
      [{ ...finding, line: 1, column: 501, length: 5 }],
      [{ path: "agent.yaml", text: line }],
    ).split("\n");
    expect(shown.length).toBeLessThan(140);
    expect(shown.slice(under.indexOf("^"), under.lastIndexOf("^") + 1)).toBe("WRONG");
  });

  test("does not repeat a secret", () => {
    const text = renderFindings(
      [{ ...finding, code: "AW1402", line: 1, column: 8, length: 7, message: "m" }],
      [{ path: "agent.yaml", text: "value: hunter2 # x" }],
    );
    expect(text).toContain("value: ******* # x");
    expect(text).not.toContain("hunter2");
  });

  test("does not let a file steer the terminal", () => {
    const evil = { ...finding, file: "a\u001B[2J.yaml", message: "\u001B]0;x\u0007", hint: "\u202Eabc", line: 1 };
    const text = renderFindings([evil], [{ path: evil.file, text: "\u001B[31mred\tx" }]);
    for (const sign of ["\u001B", "\u0007", "\u202E", "\t"]) expect(text).not.toContain(sign);
  });

  test("survives places outside the text", () => {
    const places = [0, 1, 2, 99].flatMap((line) =>
      [0, 1, 99].map((column) => ({ ...finding, line, column, length: 0 })),
    );
    expect(renderFindings(places, files)).toContain("12 errors");
  });
});
