/** Finds the `:parameters` of one SQL statement, apart from what strings, comments, quoted names and casts contain. */

export type SqlShape = { readonly parameters: readonly string[]; readonly statements: number };

/** One of: line comment, block comment, string, escape string, quoted name, dollar-quoted body, cast, parameter, end of statement. */
const token =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]*)\$[\s\S]*?(?:\$\1\$|$)|::|:([A-Za-z_][A-Za-z0-9_]*)|(;)|[^\s]/g;

/** Statements are counted by what stands between semicolons; a trailing semicolon begins none. */
export function scanSql(sql: string): SqlShape {
  const parameters = new Set<string>();
  let statements = 0;
  let isInside = false;
  for (const [text, , parameter, end] of sql.matchAll(token)) {
    if (text.startsWith("--") || text.startsWith("/*")) continue;
    if (end !== undefined) {
      isInside = false;
      continue;
    }
    if (!isInside) statements += 1;
    isInside = true;
    if (parameter !== undefined) parameters.add(parameter);
  }
  return { parameters: [...parameters], statements };
}
