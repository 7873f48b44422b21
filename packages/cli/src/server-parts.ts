/** The few things the command line uses of the server package: to start it, and to check without it. */
import type {
  ConfigFile,
  ContractCheck,
  Finding,
  KeptSample,
  LedgerVerification,
  Picture,
  RecallReceipt,
  SourceComparison,
  SourceContractDocument,
  SourceProfile,
} from "@airworthy/contract";

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

export type OnProgress = (done: { readonly bytes: number; readonly totalBytes: number }) => void;
/** How a file is written; what is absent is found in the file. */
export type FileForm = {
  readonly format?: "csv" | "json" | "jsonl" | "fixed" | "xlsx" | undefined;
  readonly encoding?: "utf-8" | "windows-1252" | undefined;
  readonly delimiter?: string | undefined;
  readonly columns?: readonly { readonly name: string; readonly width: number }[] | undefined;
  readonly sheet?: string | undefined;
  readonly header?: number | undefined;
  readonly decimals?: "point" | "comma" | undefined;
  readonly dates?: "iso" | "dd.mm.yyyy" | "dd/mm/yyyy" | "mm/dd/yyyy" | "yyyymmdd" | undefined;
  readonly trailer?: string | undefined;
};
export type SourceDescription = {
  readonly profile: SourceProfile;
  readonly pictures: Readonly<Record<string, Picture>>;
  readonly contract?: { readonly name: string; readonly version: number; readonly text: string } | undefined;
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
  readonly profileSource: (
    path: string,
    options: {
      readonly learn?: { readonly name?: string; readonly existing?: ConfigFile };
      readonly form?: FileForm;
      readonly onProgress: OnProgress;
    },
  ) => Promise<SourceDescription>;
  readonly compareSources: (
    pilot: string,
    production: string,
    options: { readonly alpha?: number; readonly form?: FileForm; readonly onProgress: OnProgress },
  ) => Promise<SourceComparison>;
  readonly sampleBaseline: (
    path: string,
    contract: SourceContractDocument,
    options: { readonly form?: FileForm; readonly onProgress: OnProgress },
  ) => Promise<KeptSample>;
  readonly findContract: (nameOrFile: string, configDir: string, cwd: string) => Promise<SourceContractDocument>;
  readonly findFileForm: (connector: string, configDir: string) => Promise<FileForm>;
  readonly checkSource: (
    path: string,
    options: {
      readonly contract: SourceContractDocument;
      readonly quarantine: string;
      readonly accepted?: string;
      readonly form?: FileForm;
      readonly onProgress: OnProgress;
    },
  ) => Promise<ContractCheck>;
  readonly checkReceipt: (note: string, key: string) => RecallReceipt;
  readonly verifyOffline: (options: {
    readonly dataDir: string;
    readonly databaseUrl?: string;
  }) => Promise<LedgerVerification>;
};
