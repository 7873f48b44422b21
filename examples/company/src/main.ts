/** The main job: a small company with real systems, agents at work, and Airworthy between them. Run by `npm start`. */
import { parseArgs } from "node:util";

import { startCompany } from "./company.ts";
import { createNarrator } from "./narrator.ts";

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "1" },
    seed: { type: "string", default: "42" },
    port: { type: "string", default: "4747" },
    data: { type: "string" },
    "without-freshness": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const usage = `npm start -- [options]
  --rate N             how fast the agents work; 1 is about one case a second (default 1)
  --seed N             another company with other data (default 42)
  --port N             where Airworthy listens (default 4747; 0 takes a free port)
  --data DIR           where its data is kept (default ./.airworthy)
  --without-freshness  for comparison: stale facts are used as they are
`;

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const freshness = !values["without-freshness"];
  const narrator = createNarrator((line) => process.stdout.write(`${line}\n`), { colour: process.stdout.isTTY });
  const company = await startCompany({
    dataDir: values.data ?? (freshness ? ".airworthy" : ".airworthy/without-freshness"),
    port: Number(values.port),
    seed: Number(values.seed),
    rate: Number(values.rate),
    freshness,
    narrator,
  });
  const end = (): void => {
    process.once("SIGINT", () => process.exit(130));
    void company.close().then(() => process.exit(0));
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
}

await main();
