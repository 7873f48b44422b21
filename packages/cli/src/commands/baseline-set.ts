/** `airworthy sources baseline set`: samples a file of good records, and has production held against it. */
import type { Command } from "commander";
import { basename, resolve } from "node:path";

import { act, type Call, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { addFormOptions, type FormOptions, readForm } from "../file-form.ts";
import { readSourceFile } from "../source-file.ts";
import { clean } from "../text/clean.ts";
import { countText } from "../text/value.ts";

export function addBaselineSet(parent: Command, cli: Cli): void {
  const command = parent
    .command("set")
    .summary("hold production against a file of records")
    .description(
      "Sample a file of records here, and have what arrives under the contract compared with it from now on. Only the sample is sent. Findings against an older baseline are closed.",
    )
    .argument("<contract>", "the source contract; it must be watched")
    .argument("<file>", "the file of records that were good: the pilot's")
    .option("--config <dir>", "the configuration folder that --as looks in", ".")
    .action(act<FormOptions>(cli, runSet));
  addFormOptions(command);
  withExamples(command, ["airworthy sources baseline set invoices pilot.csv"]);
}

async function runSet(call: Call<FormOptions>): Promise<undefined> {
  const { shell, args } = call;
  const [name = "", file = ""] = args;
  const client = await call.client();
  const contract = await client.readContract({ name });
  const server = await shell.loadServer();
  const form = await readForm(call);
  const written = form === undefined ? {} : { form };
  const sample = await readSourceFile(shell, (onProgress) =>
    server.sampleBaseline(resolve(shell.cwd, file), contract, { ...written, onProgress }),
  );
  const baseline = await client.setBaseline({ contract: name, origin: basename(file), sample });
  call.print("baseline", baseline, () => {
    const kept = `${countText(baseline.records, "record")}, ${baseline.quarantined.toLocaleString("en-US")} did not keep the contract`;
    return `baseline ${baseline.number} of ${clean(name)}  ${clean(baseline.origin)}: ${kept}\n`;
  });
  return undefined;
}
