/** Tests what counts as a parameter of a statement, and how many statements a text holds. */
import { describe, expect, test } from "vitest";

import { scanSql } from "./sql-parameters.ts";

describe("scanSql", () => {
  test.each([
    ["SELECT 1", [], 1],
    ["SELECT 1;", [], 1],
    ["SELECT 1; -- done\n", [], 1],
    ["", [], 0],
    ["-- nothing", [], 0],
    ["SELECT 1; SELECT 2", [], 2],
    ["SELECT :a, :b, :a", ["a", "b"], 1],
    ["SELECT x::int, :a::int", ["a"], 1],
    ["SELECT ':a', 'it''s :b', \":c\"", [], 1],
    [String.raw`SELECT E'\':a', :b`, ["b"], 1],
    ["SELECT $$ :a ; $$, $tag$ :b $tag$, :c", ["c"], 1],
    ["SELECT /* :a ; */ :b -- :c ;", ["b"], 1],
    ["SELECT ';'", [], 1],
  ])("%j", (sql, parameters, statements) => {
    expect(scanSql(sql)).toEqual({ parameters, statements });
  });

  test.each([
    ["SELECT :a -- not :b ;", ["a"], 1],
    ["SELECT 5--:a", ["a"], 1],
    ["SELECT :a # not :b ;", ["a"], 1],
    ["SELECT `:b`, \"it\\\" :b\", 'it\\' :b', :a", ["a"], 1],
    ["SELECT @n := :a; SELECT 2", ["a"], 2],
  ])("%j for MySQL", (sql, parameters, statements) => {
    expect(scanSql(sql, "mysql")).toEqual({ parameters, statements });
  });
});
