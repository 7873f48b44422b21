import { defineConfig } from "vitest/config";

const source = {
  resolve: { conditions: ["airworthy-source"] },
  ssr: { resolve: { conditions: ["airworthy-source"] } },
};

export default defineConfig({
  ...source,
  test: {
    projects: [
      {
        ...source,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "examples/*/src/**/*.test.ts", "tests/*.test.ts"],
          pool: "threads",
          isolate: false,
          // A limit against hanging, not a measure of speed: machines here are shared.
          testTimeout: 60_000,
        },
      },
      {
        ...source,
        test: {
          name: "walks",
          sequence: { groupOrder: 1 },
          include: ["tests/walks/**/*.test.ts"],
          globalSetup: ["tests/support/global-setup.ts"],
          pool: "forks",
          maxWorkers: 2,
          // On shared machines a neighbour can stall a process for longer than any sensible limit. The report shows repeats.
          retry: process.env["CI"] === undefined ? 0 : 2,
          testTimeout: 90_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...source,
        test: {
          name: "faults",
          sequence: { groupOrder: 2 },
          include: ["tests/faults/**/*.test.ts"],
          pool: "forks",
          maxWorkers: 1,
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
