/** What a person can do about it now, as commands to copy. */
import type { Section } from "./look.ts";
import { indent, titleLine } from "./lines.ts";

export const renderNext: Section = ({ action, approval }, look) => {
  const commands: string[] = [];
  if (approval?.status === "pending") {
    commands.push(`airworthy approvals approve ${approval.id} --reason TEXT`);
    commands.push(`airworthy approvals reject ${approval.id} --reason TEXT`);
  }
  if (action.status === "unknown") {
    commands.push(`airworthy actions resolve ${action.id} --happened --reason TEXT`);
    commands.push(`airworthy actions resolve ${action.id} --not-happened --reason TEXT`);
  }
  return commands.length === 0 ? [] : [titleLine("Next", look), ...commands.map((command) => indent + command)];
};
