/** How the text of a statement is read in each dialect: what is opaque in it, what a parameter becomes, how it may begin. */

export type SqlDialectRules = {
  /** One of these at a time: what the dialect treats as opaque, a parameter, a cast, or a sign that must not occur. */
  readonly token: RegExp;
  /** All comments of a text, none of which nest. */
  readonly comments: RegExp;
  readonly commentsNest: boolean;
  /** What stands for the parameter with this index. */
  readonly placeholder: (index: number) => string;
  /** Whether a placeholder may stand in several places. */
  readonly numbered: boolean;
  /** First words. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Words that make something in spite of a read-only transaction. */
  readonly neverInReads: readonly string[];
};

const queries = ["select", "with", "values", "table"];
/** Words are taken whole, so that the e of `type'x'` does not begin an escape string and a$1 stays an identifier. */
const word = /(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)/;
const name = /:(?<name>[A-Za-z_]\w*)/;
const end = /(?<end>;)/;
const comment = /(?<comment>\/\*)/;

export const sqlDialects = {
  postgresql: {
    token: anyOf([
      /(?<opaque>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*)/,
      comment,
      /(?<dollar>\$(?:[A-Za-z_]\w*)?\$)/,
      /(?<placeholder>\$\d+)/,
      /(?<cast>::|:=)/,
      name,
      end,
      word,
    ]),
    comments: /--[^\n]*|\/\*.*?\*\//gs,
    commentsNest: true,
    placeholder: (index) => `$${index + 1}`,
    numbered: true,
    read: queries,
    write: [...queries, "insert", "update", "delete", "merge", "call"],
    neverInReads: [],
  },
  // MySQL and MariaDB. `call` is not a write: a procedure may commit on its own, and then no failure is certain.
  mysql: {
    token: anyOf([
      /(?<opaque>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`|#[^\n]*|--(?=[\s\u0000-\u001f]|$)[^\n]*)/,
      comment,
      /(?<placeholder>\?)/,
      /(?<cast>:=)/,
      name,
      end,
      word,
    ]),
    comments: /--(?=\s|$)[^\n]*|#[^\n]*|\/\*.*?\*\//gs,
    commentsNest: false,
    placeholder: () => "?",
    numbered: false,
    read: queries,
    write: [...queries, "insert", "update", "delete", "replace"],
    // INTO OUTFILE writes a file at the server, INTO @name a variable that the next call would see.
    neverInReads: ["into"],
  },
} as const satisfies Record<string, SqlDialectRules>;

function anyOf(parts: readonly RegExp[]): RegExp {
  return new RegExp(parts.map((part) => part.source).join("|"), "gsu");
}
