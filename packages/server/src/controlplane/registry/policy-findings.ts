/** Gives the policy engine's findings the stable codes of configuration checks. */
import type { Finding } from "@airworthy/contract";

import { findingCodes } from "./finding-codes.ts";
import type { FindingCode } from "./finding-codes.ts";

const codes: Readonly<Record<string, FindingCode>> = {
  policy_syntax: "AW1501",
  policy_invalid: "AW1502",
  policy_id_missing: "AW1503",
  policy_id_taken: "AW1504",
  annotation_unknown: "AW1505",
  annotation_misplaced: "AW1506",
  annotation_value: "AW1507",
  approver_missing: "AW1508",
  approver_unused: "AW1509",
  approvals_form: "AW1510",
  approvals_position: "AW1511",
  has_in_forbid: "AW1512",
  context_whole: "AW1513",
  policy_template: "AW1514",
  policy_too_complex: "AW1515",
  policy_too_large: "AW1516",
  policy_too_many: "AW1517",
  unknown_team: "AW1518",
  unknown_tool: "AW1519",
  unknown_system: "AW1520",
  tool_name: "AW1521",
  policy_check_died: "AW1522",
  policy_test_failed: "AW1530",
  policy_test_malformed: "AW1531",
};

/** What the validator says of names and types; without meaning while the tools themselves are in doubt. */
const aboutTools: ReadonlySet<string> = new Set(["AW1502", "AW1518", "AW1519", "AW1520", "AW1521"]);

export function isAboutTools(finding: Finding): boolean {
  return aboutTools.has(finding.code);
}

/** The same finding with its code, its severity, and a place that a reader can be shown. */
export function adoptPolicyFinding(finding: Finding): Finding {
  const code = Object.hasOwn(codes, finding.code) ? (codes[finding.code] ?? "AW1500") : "AW1500";
  const { severity } = findingCodes[code];
  return { ...finding, code, severity, length: Math.max(finding.length, 1) };
}
