/** A folder that is here: it tells when it changes, and its files are read where they lie. */
import { AirworthyError, type FileConnector } from "@airworthy/contract";

import { createFolderBell } from "../folder-bell.ts";
import type { Quiet } from "../quiet-files.ts";
import type { SourceRun } from "../source-driver.ts";
import type { FileDrop } from "./file-drop.ts";
import { scanFolder, type FoundFile } from "./scan-folder.ts";

export function openFolderDrop({ connector, fill, signal }: SourceRun<FileConnector>): FileDrop {
  const folder = fill(connector.folder);
  const quiet: Quiet = new Map();
  const bell = createFolderBell(signal);
  let found: ReadonlyMap<string, FoundFile> = new Map();
  bell.hear([folder]);
  return {
    look: async (take) => {
      bell.reset();
      const { files, resting } = await scanFolder(connector, { folder, quiet });
      found = new Map(files.map((file) => [file.name, file]));
      await take(files);
      return { resting };
    },
    digestOf: async () => undefined,
    bring: async ({ name }) => {
      const file = found.get(name);
      if (file === undefined) throw new AirworthyError("internal", "A file was asked for that was not found.");
      return file;
    },
    settle: async () => undefined,
    wait: (ms) => bell.wait(ms),
    close: () => bell.close(),
  };
}
