/** `airworthy sources findings …`: what people answer to what was found in watched sources. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";
import { clean } from "../text/clean.ts";

type Options = { readonly reason: string };
type Verdict = {
  readonly name: "acknowledge" | "close";
  readonly done: string;
  readonly summary: string;
  readonly description: string;
};

const verdicts: readonly Verdict[] = [
  {
    name: "acknowledge",
    done: "acknowledged",
    summary: "know of findings, and let work go on",
    description:
      "Say that these findings are known. They stay, and refuse nothing any more; a notice that becomes severe opens again.",
  },
  {
    name: "close",
    done: "closed",
    summary: "be done with findings",
    description:
      "Say that these findings are dealt with. What is found again opens anew; to accept the change, set a new baseline.",
  },
];

export function addSourcesFindings(parent: Command, cli: Cli): void {
  const group = parent.command("findings").description("answer what was found in watched sources").helpCommand(false);
  for (const verdict of verdicts) addVerdict(group, cli, verdict);
}

function addVerdict(parent: Command, cli: Cli, { name, done, summary, description }: Verdict): void {
  const command = parent
    .command(name)
    .summary(summary)
    .description(`${description} It is recorded with your name and reason.`)
    .argument("<finding...>", "the findings' ids")
    .requiredOption("--reason <text>", "why; it is recorded")
    .action(
      act<Options>(cli, async (call) => {
        const ids = call.args.map((text) => readId("fnd", text));
        const client = await call.client();
        for (const id of ids) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other, so that what was decided is said in order
          const decided = await client.decideFinding({ id, verdict: name, reason: call.options.reason });
          const field = decided.finding.field === undefined ? "" : ` ${clean(decided.finding.field)}`;
          const what = `${clean(decided.contract)}${field} ${decided.finding.kind.replaceAll("_", " ")}`;
          call.print("finding", decided, () => `${done}  ${id}  ${what}\n`);
        }
        return undefined;
      }),
    );
  withExamples(command, [
    `airworthy sources findings ${name} fnd_0190a0b0c0d07000800000000000abcd --reason "the new price list"`,
  ]);
}
