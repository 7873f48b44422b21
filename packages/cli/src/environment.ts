/** What is read from the process's environment: once, here, and nowhere else. */

export type Environment = {
  readonly url?: string;
  readonly keyFile?: string;
  readonly databaseUrl?: string;
  /** `NO_COLOR` (any value) and `FORCE_COLOR`; a terminal decides where neither speaks. */
  readonly colour: "never" | "always" | "auto";
};

export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const given = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const url = given("AIRWORTHY_URL");
  const keyFile = given("AIRWORTHY_KEY_FILE");
  const databaseUrl = given("DATABASE_URL");
  return {
    ...(url === undefined ? {} : { url }),
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    colour: readColour(given),
  };
}

function readColour(given: (name: string) => string | undefined): Environment["colour"] {
  if (given("NO_COLOR") !== undefined) return "never";
  const forced = given("FORCE_COLOR");
  if (forced !== undefined) return forced === "0" ? "never" : "always";
  return given("TERM") === "dumb" ? "never" : "auto";
}
