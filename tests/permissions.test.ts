/** Who may call what, printed: a changed cell shows in review. After a change of the table: `npx vitest run tests/permissions.test.ts -u`. */
import { api, Scope, type Route } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

const routes: readonly (readonly [string, Route])[] = Object.entries(api);

const mayCall = (scope: Scope, route: Route): boolean =>
  route.scopes.includes("public") || route.scopes.includes(scope);

function printMatrix(): string {
  const width = Math.max(...routes.map(([operation]) => operation.length));
  const rows = routes.map(([operation, route]) =>
    [
      operation.padEnd(width),
      ...Scope.options.map((scope) => (mayCall(scope, route) ? "yes" : ".").padEnd(scope.length)),
      `${route.method} ${route.path}`,
    ].join("  "),
  );
  return `${["operation".padEnd(width), ...Scope.options, "route"].join("  ")}\n${rows.join("\n")}\n`;
}

describe("permissions", () => {
  it("are the committed matrix", async () => {
    await expect(printMatrix()).toMatchFileSnapshot("./permissions.txt");
  });

  it("leave nothing but health open to callers without a key", () => {
    expect(routes.filter(([, route]) => mayCall("public", route)).map(([operation]) => operation)).toEqual([
      "readHealth",
    ]);
  });

  it("let an agent propose and read, and nothing else", () => {
    const agents = routes.filter(([, route]) => mayCall("agent", route)).map(([operation]) => operation);
    expect(agents).toEqual(["proposeAction", "listActions", "readAction", "readHealth"]);
  });

  it("let an administrator do everything but what only agents do", () => {
    const denied = routes.filter(([, route]) => !mayCall("admin", route));
    expect(denied.map(([, route]) => route.scopes)).toEqual([["agent"]]);
  });
});
