/** A folder into which others put files of records: which files, how they are written, and when one is whole. */
import { z } from "zod";

import { ProxyOptions } from "./config-network.ts";
import { SecretRef, duration } from "./config-text.ts";

const suffix = z.string().regex(/^\.[A-Za-z0-9._-]{1,40}$/, "an ending such as .done");

/** A server of SSH's file transfer. Nothing is changed there. */
export const SftpOptions = z.strictObject({
  host: z.string().min(1).max(253).meta({ description: "Its name or address; may be ${NAME}." }),
  port: z.int().min(1).max(65_535).optional().meta({ description: "Default 22." }),
  user: z.string().min(1).max(100),
  hostKeys: z
    .array(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, "a fingerprint such as SHA256:… of 43 letters"))
    .min(1)
    .max(8)
    .meta({
      description:
        "SHA-256 fingerprints, as ssh-keygen -l prints them, of the keys by which the server may prove itself. Nothing is sent to another.",
    }),
  auth: z.union([
    z.strictObject({ password: SecretRef }),
    z.strictObject({
      key: SecretRef.meta({ description: "Our private key, in OpenSSH's form or PEM." }),
      passphrase: SecretRef.optional(),
    }),
  ]),
});
export type SftpOptions = z.infer<typeof SftpOptions>;

export const fileShape = {
  folder: z.string().min(1).meta({
    description: "Where the files are put: here, or with sftp at that server. May hold ${NAME}.",
  }),
  sftp: SftpOptions.optional().meta({ description: "The folder lies on this server. Absent: here." }),
  proxy: ProxyOptions.optional().meta({ description: "The way to the server of sftp." }),
  files: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^/\\]+$/, "a name without folders")
    .meta({
      description:
        "Names of files to take, such as vendors_*.csv. {yyyy}{mm}{dd}, {hh}, {mi} and {ss} stand for the time (UTC) of which the file is.",
    }),
  format: z
    .enum(["csv", "json", "jsonl", "fixed", "xlsx"])
    .optional()
    .meta({ description: "Default: by the file's name." }),
  encoding: z
    .enum(["utf-8", "windows-1252"])
    .optional()
    .meta({ description: "Default utf-8. Latin-1 is read as windows-1252." }),
  delimiter: z.string().length(1).optional().meta({ description: "Of CSV. Default: found in the first line." }),
  columns: z
    .array(z.strictObject({ name: z.string().min(1).max(200), width: z.int().min(1).max(10_000) }))
    .min(1)
    .max(1000)
    .optional()
    .meta({ description: "Of fixed width: the columns from the left, in characters." }),
  sheet: z
    .string()
    .min(1)
    .max(31)
    .optional()
    .meta({ description: "Of XLSX: the sheet's name. Default: the first that is not hidden." }),
  header: z.int().min(1).max(1_048_576).optional().meta({
    description: "Of XLSX: the row that names the columns, from 1. Default: the first that holds something.",
  }),
  decimals: z.enum(["point", "comma"]).optional().meta({
    description: "How numbers are written: 1234.5 (the default), or 1.234,5.",
  }),
  dates: z.enum(["iso", "dd.mm.yyyy", "dd/mm/yyyy", "mm/dd/yyyy", "yyyymmdd"]).optional().meta({
    description: "How fields that the contract calls a date are written. Default iso.",
  }),
  whole: z
    .strictObject({
      done: suffix.optional().meta({ description: "A file is whole once an empty file NAME.done stands beside it." }),
      manifest: suffix.optional().meta({
        description: "A JSON file NAME.manifest.json beside it says what it holds: rows, sha256, totals by field.",
      }),
      checksum: suffix.optional().meta({ description: "A file NAME.sha256 beside it begins with its SHA-256 in hex." }),
      stable: duration.optional().meta({
        description:
          "A file is whole once its size and time have not changed for so long. Default 10s, where nothing else is said.",
      }),
      trailer: z
        .strictObject({
          begins: z.string().min(1).max(100).meta({ description: "With what the last line begins." }),
          rows: z
            .int()
            .min(2)
            .max(1000)
            .optional()
            .meta({ description: "Which cell of it counts the records, from 1." }),
          total: z
            .strictObject({ cell: z.int().min(2).max(1000), of: z.string().min(1) })
            .optional()
            .meta({ description: "Which cell of it is the sum of which field." }),
        })
        .optional()
        .meta({
          description: "The last line closes the file. CSV, XLSX and fixed width (cells are parted by blanks there).",
        }),
    })
    .optional(),
  sameName: z.enum(["refuse", "take"]).optional().meta({
    description: "What becomes of other content under a name that was taken before. Default refuse.",
  }),
  maxBytes: z.int().min(1).optional().meta({ description: "A larger file is refused. Default 1 GiB." }),
  every: duration.optional().meta({
    description:
      "How often the folder is looked at, changes apart, that are seen at once where the folder is here. Default 30s.",
  }),
} as const;
