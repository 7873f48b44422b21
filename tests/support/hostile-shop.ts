/** The shop and a whole server before it, as the hostile tests need them: every write is done, every account is active. */
import { expect } from "vitest";

import { get } from "./hostile.ts";
import { startTestServer, type TestServer } from "./server.ts";
import { shopFiles } from "./shop.ts";
import { startUpstream, type Upstream } from "./upstream.ts";

export type HostileShop = {
  readonly shop: Upstream;
  readonly server: TestServer;
  /** The clerk's key. */
  readonly key: string;
  /** Nothing hostile reached the shop, and the server is healthy. */
  readonly expectUnharmed: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function openHostileShop(): Promise<HostileShop> {
  const shop = await startUpstream(({ method, path }) => {
    if (method === "POST") return { status: 201, body: { id: `done-${shop.received.length}` } };
    return { body: { id: decodeURIComponent(path.split("/")[2] ?? ""), status: "active" } };
  });
  const env = { SHOP_URL: shop.url, SHOP_KEY: "shop-key-of-the-test" };
  const server = await startTestServer({ files: shopFiles, env });
  return {
    shop,
    server,
    key: (await server.agent("clerk")).key,
    expectUnharmed: async () => {
      expect(shop.writes().filter(({ body }) => JSON.stringify(body).includes("hostile"))).toEqual([]);
      expect((await get(`${server.url}/v1/health`)).body).toMatchObject({ ok: true });
    },
    close: async () => {
      await server.close();
      await shop.close();
    },
  };
}
