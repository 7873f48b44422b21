/** Finds the `:parameters` of one SQL statement, apart from what strings, comments, quoted names and casts contain. */

export type SqlShape = { readonly parameters: readonly string[]; readonly statements: number };

/** One of: line comment, block comment, string, quoted name, dollar-quoted body, cast, parameter, end of statement. */
const tokens = {
  postgresql:
    /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?<tag>[A-Za-z_]*)\$[\s\S]*?(?:\$\k<tag>\$|$)|::|:(?<parameter>[A-Za-z_][A-Za-z0-9_]*)|(?<end>;)|[^\s]/g,
  mysql:
    /--(?=\s|$)[^\n]*|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`]|``)*`|:=|:(?<parameter>[A-Za-z_][A-Za-z0-9_]*)|(?<end>;)|[^\s]/g,
} as const;

/** Statements are counted by what stands between semicolons; a trailing semicolon begins none. */
export function scanSql(sql: string, dialect: keyof typeof tokens = "postgresql"): SqlShape {
  const parameters = new Set<string>();
  let statements = 0;
  let isInside = false;
  for (const match of sql.matchAll(tokens[dialect])) {
    const [text] = match;
    const { parameter, end } = match.groups ?? {};
    if (/^(?:--|#|\/\*)/.test(text) && text.length > 1) continue;
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
