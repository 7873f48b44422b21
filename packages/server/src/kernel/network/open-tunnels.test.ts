/** A host that cannot be asked for is an answer, and never the end of the process. */
import { once } from "node:events";
import { expect, it } from "vitest";

import { openStream } from "./open-stream.ts";
import { openTunnels } from "./open-tunnels.ts";

const proxy = { hostname: "127.0.0.1", port: 1, secure: false };

it.each(["a b", "\u0101.example", "a\r\nx: y", "", "a/b"])("no door leads to %j", async (hostname) => {
  const tunnels = openTunnels(proxy, 5000);
  await expect(tunnels.to({ hostname, port: 9092 })).rejects.toMatchObject({ code: "PROXY_HOST" });
  expect(tunnels.fault()).toBe("PROXY_HOST");
  tunnels.close();
});

it.each([0, -1, 65_536, Number.NaN])("nor to port %s", async (port) => {
  const tunnels = openTunnels(proxy, 5000);
  await expect(tunnels.to({ hostname: "a.example", port })).rejects.toMatchObject({ code: "PROXY_HOST" });
  tunnels.close();
});

it.each(["a_b.example", "10.0.0.1", "::1"])("one leads to %s", async (hostname) => {
  const tunnels = openTunnels(proxy, 5000);
  expect(await tunnels.to({ hostname, port: 9092 })).toMatchObject({ hostname: "127.0.0.1" });
  tunnels.close();
});

it.each(["a b", "\u0101.example"])("a stream to %j fails as any other does", async (hostname) => {
  const stream = openStream({ proxy }, { hostname, port: 22 }, 5000);
  await expect(once(stream, "connect")).rejects.toMatchObject({ code: "PROXY_HOST" });
});
