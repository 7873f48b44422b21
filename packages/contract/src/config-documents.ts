/** A folder tree into which others put documents: which are read, how they are cut into passages, and how tools read those. */
import { z } from "zod";

import { duration, name, pathText } from "./config-text.ts";

export const DocumentFormat = z.enum(["text", "markdown", "pdf"]);
export type DocumentFormat = z.infer<typeof DocumentFormat>;

/** Text search configurations that every PostgreSQL has. */
const SearchLanguage = z.enum([
  "simple",
  "danish",
  "dutch",
  "english",
  "finnish",
  "french",
  "german",
  "hungarian",
  "italian",
  "norwegian",
  "portuguese",
  "romanian",
  "russian",
  "spanish",
  "swedish",
  "turkish",
]);

export const documentsShape = {
  folder: z.string().min(1).meta({ description: "Where the documents are put, at any depth below; may hold ${NAME}." }),
  formats: z
    .array(DocumentFormat)
    .min(1)
    .optional()
    .meta({ description: "What is read: .txt and .text, .md and .markdown, .pdf. Default all; other files are left." }),
  encoding: z
    .enum(["utf-8", "windows-1252"])
    .optional()
    .meta({ description: "Of text and Markdown. Default utf-8; Latin-1 is read as windows-1252." }),
  language: SearchLanguage.optional().meta({
    description: "Whose word forms the search knows. Default simple: words as they are written.",
  }),
  passageLength: z.int().min(200).max(3000).optional().meta({
    description: "Characters of a passage at most. Default 1500.",
  }),
  stable: duration.optional().meta({
    description: "A document is read once its size and time have not changed for so long. Default 10s.",
  }),
  maxBytes: z.int().min(1).max(268_435_456).optional().meta({
    description: "A larger document is refused. Default 32 MiB.",
  }),
  maxPages: z.int().min(1).max(20_000).optional().meta({
    description: "A PDF of more pages is refused. Default 2000.",
  }),
  every: duration
    .optional()
    .meta({ description: "How often the tree is looked at, changes apart, that are seen at once. Default 30s." }),
  records: z
    .array(
      z.strictObject({
        record: z.literal("passage"),
        contract: name.meta({ description: "The SourceContract that each passage is held against." }),
      }),
    )
    .length(1),
} as const;

/** How a tool of a document folder reads: passages by words, one by its hash, or what documents there are. */
export const documentToolShape = {
  search: z
    .strictObject({
      query: pathText.meta({ description: "Where the words to look for stand in the arguments." }),
      under: pathText.optional().meta({ description: "Only documents below this folder, or this one." }),
      limit: z.int().min(1).max(20).optional().meta({ description: "Passages at most. Default 5." }),
    })
    .optional()
    .meta({ description: "Answers the passages that fit best." }),
  find: z
    .strictObject({ record: z.literal("passage"), by: pathText })
    .optional()
    .meta({ description: "Answers the one passage of this hash, or says that it is superseded or gone." }),
  list: z
    .strictObject({
      record: z.literal("document"),
      under: pathText.optional(),
      after: pathText.optional(),
      limit: z.int().min(1).max(1000).optional(),
    })
    .optional()
    .meta({ description: "Answers documents in the order of their paths, 100 unless `limit` says otherwise." }),
} as const;
