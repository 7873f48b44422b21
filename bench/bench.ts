/** What every benchmark is given: how long it may take, the bundle, and one server with its upstreams that several share. */
import type { Bundle } from "./build.ts";
import { wholeConfig } from "./configs.ts";
import { type Product, startPeer, startProduct, type Started, temporaryFolder, writeConfig } from "./processes.ts";
import type { Row } from "./row.ts";

export type Bench = {
  /** A smoke test: everything once and briefly. */
  readonly quick: boolean;
  readonly bundle: Bundle;
  readonly shop: () => Promise<Shop>;
};
export type Benchmark = (bench: Bench) => Promise<readonly Row[]>;

/** The whole product with its own database, in front of an HTTP system and an MCP server that answer at once. */
export type Shop = {
  readonly product: Product;
  readonly key: string;
  readonly http: Started;
  readonly echo: Started;
  readonly close: () => Promise<void>;
};

export async function startShop(bundle: Bundle, nodeFlags: readonly string[] = []): Promise<Shop> {
  const folder = temporaryFolder();
  const [http, echo] = await Promise.all([startPeer(bundle, "http"), startPeer(bundle, "echo")]);
  const product = await startProduct(bundle, {
    dataDir: `${folder.path}/data`,
    configDir: writeConfig(folder.path, wholeConfig),
    env: { BENCH_HTTP_URL: http.url, BENCH_MCP_URL: `${echo.url}/mcp` },
    nodeFlags,
  });
  return {
    product,
    key: await product.agentKey(),
    http,
    echo,
    close: async () => {
      await product.close();
      await Promise.all([http.close(), echo.close()]);
      folder.remove();
    },
  };
}
