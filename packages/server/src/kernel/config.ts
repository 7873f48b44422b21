/** Environment and options -> configuration, once. No other file reads the environment. */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";

export type ServerOptions = {
  /** Where keys, the embedded store and the server's address are kept. */
  readonly dataDir: string;
  /** A folder of configuration to publish at start. */
  readonly configDir?: string;
  /** 0 takes a free port. */
  readonly port?: number;
  readonly host?: string;
  /** false: stale facts are used as they are. For comparison only. */
  readonly freshness?: boolean;
  /** How long an MCP call is held for a person, in milliseconds. Default and most: 45,000. */
  readonly holdMs?: number;
  /** Where secrets and `${NAME}` placeholders are looked up. Default: this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly onProgress?: (message: string) => void;
};

export type ServerConfig = {
  readonly dataDir: string;
  readonly configDir: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly port: number;
  readonly host: string;
  readonly freshness: boolean;
  readonly holdMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logLevel: string;
  readonly localUser: string;
  readonly onProgress: (message: string) => void;
};

export const holdMaxMs = 45_000;

export function readServerConfig(options: ServerOptions): ServerConfig {
  const env = options.env ?? readEnvironment();
  return {
    dataDir: options.dataDir,
    configDir: options.configDir,
    databaseUrl: readDatabaseUrl(env),
    port: options.port ?? 4747,
    host: options.host ?? "127.0.0.1",
    freshness: options.freshness ?? true,
    holdMs: Math.min(options.holdMs ?? holdMaxMs, holdMaxMs),
    env: withoutOurs(env),
    logLevel: env["AIRWORTHY_LOG_LEVEL"] ?? "warn",
    localUser: localUserName(),
    onProgress: options.onProgress ?? (() => undefined),
  };
}

/** This process's environment: where secrets and placeholders are looked up unless something else is given. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** What configuration may look up: a connector could send the store's own password wherever its document says. */
function withoutOurs(env: ServerConfig["env"]): ServerConfig["env"] {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(?:DATABASE_URL|AIRWORTHY_|PG[A-Z]+$)/.test(name)),
  );
}

/** `DATABASE_URL`, or the file named by `DATABASE_URL_FILE`, since the URL holds a password. */
export function readDatabaseUrl(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const file = env["DATABASE_URL_FILE"];
  return env["DATABASE_URL"] ?? (file === undefined ? undefined : readFileSync(file, "utf8").trim());
}

/** A uid without a passwd entry has no name; its number must do. */
function localUserName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? "unknown"}`;
  }
}
