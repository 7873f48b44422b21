/** Brokers of NATS behind a proxy: their addresses are read before a way to any is opened. */
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

import type { StreamConnector } from "@airworthy/contract";
import { afterEach, expect, it, vi } from "vitest";

import type { SourceRun } from "../source-driver.ts";
import { runNats } from "./nats.ts";

afterEach(() => void vi.restoreAllMocks());

it("one address that is none is told before a proxy is asked for another", async () => {
  let asked = 0;
  const proxy = createServer((socket) => {
    asked += 1;
    socket.destroy();
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  const run = {
    connector: { name: "orders" },
    fill: (text: string) => text,
    peers: () => ({ proxy: { hostname: "127.0.0.1", port, secure: false } }),
    signal: new AbortController().signal,
  } as unknown as SourceRun<StreamConnector>;
  // In the order in which they stand here.
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const servers = ["a.example", "no address"];
  await expect(runNats(run, { kind: "nats", servers, stream: "orders" })).rejects.toThrowError(
    "no address of a broker",
  );
  proxy.close();
  expect(asked).toBe(0);
});
