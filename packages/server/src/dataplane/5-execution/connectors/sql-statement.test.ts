/** Tests of how :names become parameters, and of what is refused before a database sees it. */
import { describe, expect, it } from "vitest";

import { parseSqlStatement } from "./sql-statement.ts";

describe("parseSqlStatement", () => {
  it.each([
    ["select * from t where a = :a and b = :b", "select * from t where a = $1 and b = $2", ["a", "b"]],
    ["select :a, :a, :b", "select $1, $1, $2", ["a", "b"]],
    ["select :a::text, x::date", "select $1::text, x::date", ["a"]],
    ["select ':a', E'it\\'s :a', 'it''s :a', :b", "select ':a', E'it\\'s :a', 'it''s :a', $1", ["b"]],
    ["select 'c:\\', :b", "select 'c:\\', $1", ["b"]],
    ['select ":a""x:b", :c', 'select ":a""x:b", $1', ["c"]],
    ["select $$:a '$$, $q$ :b $$ $q$, :c", "select $$:a '$$, $q$ :b $$ $q$, $1", ["c"]],
    ["select :a -- not :b\n, :c", "select $1 -- not :b\n, $2", ["a", "c"]],
    ["select /* :a /* ; :b */ ' */ :c", "select   $1", ["c"]],
    ["-- find it\nselect 1;\n-- done ;", "-- find it\nselect 1", []],
    ["select date'2026-01-01', typee'x:y'", "select date'2026-01-01', typee'x:y'", []],
    ["select f(a := :b)", "select f(a := $1)", ["b"]],
    ["select a$1 from t where k=:k", "select a$1 from t where k=$1", ["k"]],
    ["(select :a)", "(select $1)", ["a"]],
  ])("rewrites %s", (sql, text, names) => {
    expect(parseSqlStatement(sql, "read")).toEqual({ text, names });
  });

  it.each([
    ["select 1; drop table t", /more than one statement/],
    ["select 1; /* ; */ select 2", /more than one statement/],
    ["select $1", /cannot be filled/],
    ["select /* open", /comment does not end/],
    ["select $q$ open", /does not end/],
    ["insert into t values (1)", /cannot begin/],
    ["commit", /cannot begin/],
    ["set role admin", /cannot begin/],
    ["", /cannot begin/],
    ["-- nothing", /cannot begin/],
  ])("refuses %s as a read", (sql, message) => {
    expect(() => parseSqlStatement(sql, "read")).toThrowError(message);
  });

  it.each([
    "rollback",
    "begin",
    "end",
    "copy t to program 'x'",
    "do $$ begin end $$",
    "set x = 1",
    "prepare x as select 1",
  ])("refuses %s as a write", (sql) => expect(() => parseSqlStatement(sql, "write")).toThrowError(/cannot begin/));

  it("lets writes change data and says on which line a fault is", () => {
    expect(parseSqlStatement("with x as (select 1) insert into t select * from x", "write").names).toEqual([]);
    expect(() => parseSqlStatement("select\n\n$1", "read")).toThrowError(
      expect.objectContaining({ place: "sql, line 3", code: "invalid_input" }) as Error,
    );
  });
});

describe("parseSqlStatement for MySQL", () => {
  it.each([
    ["select * from t where a = :a and b = :a", "select * from t where a = ? and b = ?", ["a", "a"]],
    ["select 'it\\'s :a', \"say \\\" :a\", `x``:a`, :b", "select 'it\\'s :a', \"say \\\" :a\", `x``:a`, ?", ["b"]],
    ["select 1 # not :a ; \n, :b", "select 1 # not :a ; \n, ?", ["b"]],
    ["select 1 -- not :a ;\n, :b", "select 1 -- not :a ;\n, ?", ["b"]],
    // Without a space behind it, -- is minus minus.
    ["select 5--:a", "select 5--?", ["a"]],
    ["select @n := :a /* :b */", "select @n := ?", ["a"]],
    ["select 1; # done ;", "select 1", []],
  ])("rewrites %s", (sql, text, names) => {
    expect(parseSqlStatement(sql, "read", "mysql")).toEqual({ text, names });
  });

  it.each([
    ["select ?", /cannot be filled/],
    ["select 1 /*!50000 + 1 */", /executes/],
    ["select 1 /*M! + 1 */", /executes/],
    ["select /*+ hint */ 1", /executes/],
    ["select 1 into outfile '/tmp/x'", /INTO/],
    ["select 1 /* a /* b */ */; drop table t", /more than one statement/],
    ["call tidy()", /cannot begin/],
    ["load data infile 'x'", /cannot begin/],
  ])("refuses %s", (sql, message) => {
    expect(() => parseSqlStatement(sql, "read", "mysql")).toThrowError(message);
  });

  it("lets writes replace and insert, and not call", () => {
    expect(parseSqlStatement("replace into t values (:a)", "write", "mysql").text).toBe("replace into t values (?)");
    expect(() => parseSqlStatement("call tidy()", "write", "mysql")).toThrowError(/cannot begin/);
  });
});
