/** Where files lie that are to be brought in: what each place must be able to do. */
import type { ListedFile } from "./choose-files.ts";
import type { FoundFile } from "./scan-folder.ts";

export type FileDrop = {
  /** Hands on the files that are whole now, oldest first. `resting`: others wait for their quiet alone. */
  readonly look: (take: (files: readonly ListedFile[]) => Promise<void>) => Promise<{ readonly resting: boolean }>;
  /** The SHA-256 of a file that was settled before, where that is known without reading it. */
  readonly digestOf: (file: ListedFile) => Promise<string | undefined>;
  /** Makes the file one that is here, with what stands beside it. */
  readonly bring: (file: ListedFile) => Promise<FoundFile>;
  /** The file is in, or refused: it is not needed again. */
  readonly settle: (file: ListedFile, digest: string) => Promise<void>;
  /** Until something may have changed; at the latest after `ms`. */
  readonly wait: (ms: number) => Promise<void>;
  readonly close: () => void;
};
