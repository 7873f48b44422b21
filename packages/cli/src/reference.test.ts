/** docs/reference/cli.md and exit-codes.md are what the program says. After a change: `npx vitest run packages/cli/src/reference.test.ts -u`. */
import type { Command } from "commander";
import { format } from "oxfmt";
import { describe, expect, it } from "vitest";

import { exitCodes } from "./exit-codes.ts";
import { buildProgram } from "./program.ts";
import { createShell } from "./shell.ts";

const tree = buildProgram({ shell: createShell(() => Promise.reject(new Error("not here"))), finish: () => undefined });

const pretty = async (text: string): Promise<string> => (await format("page.md", text, { printWidth: 120 })).code;

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function leaves(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

/** The whole help, examples included: what `--help` prints, at a fixed width. */
function helpOf(command: Command): string {
  const written: string[] = [];
  command.configureOutput({ writeOut: (text) => void written.push(text), getOutHelpWidth: () => 100 });
  command.outputHelp();
  return written.join("").trimEnd();
}

const firstPart = `# Command line

What \`airworthy --help\` and every command's \`--help\` say. Data goes to stdout and everything else to stderr. With
\`--json\`, stdout is one document \`{"schema":"airworthy.<thing>/1","data":…}\`, and a failure is the document
\`airworthy.error/1\` on stderr; \`actions list --follow --json\` writes one such document a line. See also the
[exit codes](exit-codes.md).

The server's address is \`--url\`, else \`AIRWORTHY_URL\`, else the one in the data folder. The key is in the file that
\`--key-file\` names (\`-\` is stdin), else in the one that \`AIRWORTHY_KEY_FILE\` names; without either, and only where no
address was named, it is the data folder's \`admin.key\`: whoever may read that file is the local administrator. The data
folder is \`--data\`, else the nearest \`.airworthy\` from the working folder up to the root of its Git repository.
\`NO_COLOR\` and \`FORCE_COLOR\` are honoured.
`;

describe("the reference", () => {
  it("cli.md is every command's help", async () => {
    const parts = [tree, ...leaves(tree)].map(
      (command) => `## ${pathOf(command)}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`,
    );
    const page = await pretty([firstPart, ...parts].join("\n"));
    await expect(page).toMatchFileSnapshot("../../../docs/reference/cli.md");
  });

  it("exit-codes.md is the table", async () => {
    const rows = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
    const page = await pretty(
      `# Exit codes\n\nThe codes with which \`airworthy\` leaves. They are a promise: a number never gets another meaning.\n\n| Code | Meaning |\n| ---: | --- |\n${rows.join("\n")}\n`,
    );
    await expect(page).toMatchFileSnapshot("../../../docs/reference/exit-codes.md");
  });
});
