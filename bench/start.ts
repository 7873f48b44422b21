/** From the start of the process on an empty folder to its word that it is ready, database created and schema made. */
import type { Benchmark } from "./bench.ts";
import { bankConfig } from "./configs.ts";
import { median } from "./load.ts";
import { startProduct, temporaryFolder, writeConfig } from "./processes.ts";
import type { Row } from "./row.ts";

const limitMs = 6000;

export const benchStart: Benchmark = async ({ bundle, quick }) => {
  const empty: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round += 1) {
    const folder = temporaryFolder();
    const options = {
      dataDir: `${folder.path}/data`,
      configDir: writeConfig(folder.path, bankConfig),
      env: { BENCH_HTTP_URL: "http://127.0.0.1:9" },
    };
    for (const times of [empty, again]) {
      const product = await startProduct(bundle, options);
      times.push(product.readyMs);
      await product.close();
    }
    folder.remove();
  }
  return [
    { ...row("start to ready, empty folder", empty), first: limitMs, aim: 3000 },
    row("start to ready, folder of an earlier run", again),
  ];
};

function row(what: string, times: readonly number[]): Row {
  const value = Math.min(...times);
  return {
    what,
    value,
    unit: "ms",
    median: median(times),
    ratios: [{ to: `of the limit of ${limitMs} ms`, ratio: value / limitMs }],
  };
}
