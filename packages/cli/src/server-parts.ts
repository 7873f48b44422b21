/** The few things the command line uses of the server package: to start it, and to check without it. */
import type { ConfigFile, Finding, LedgerVerification } from "@airworthy/contract";

type StartOptions = {
  readonly dataDir: string;
  readonly configDir?: string;
  readonly port: number;
  readonly host: string;
  readonly freshness: boolean;
  readonly onProgress: (message: string) => void;
};
export type RunningServer = { readonly url: string; readonly close: () => Promise<void> };

export type PinResult = {
  readonly file: string;
  readonly tools: readonly { readonly name: string; readonly pin: string; readonly was?: string }[];
};

export type ServerParts = {
  readonly startServer: (options: StartOptions) => Promise<RunningServer>;
  readonly readFolder: (path: string) => Promise<readonly ConfigFile[]>;
  readonly checkFiles: (files: readonly ConfigFile[]) => Promise<readonly Finding[]>;
  readonly renderFindings: (
    findings: readonly Finding[],
    files: readonly ConfigFile[],
    look?: { readonly color?: boolean },
  ) => string;
  readonly pinTools: (options: { readonly configDir: string; readonly connector: string }) => Promise<PinResult>;
  readonly verifyOffline: (options: {
    readonly dataDir: string;
    readonly databaseUrl?: string;
  }) => Promise<LedgerVerification>;
};
