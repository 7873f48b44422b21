/** Reads a pattern of file names: which files are meant, and of which time each is. */

export type FileNames = {
  readonly fits: (name: string) => boolean;
  /** Epoch ms of the time in the name; undefined where the pattern has none. */
  readonly timeOf: (name: string) => number | undefined;
};

const parts: Readonly<Record<string, string>> = {
  "{yyyy}": String.raw`(?<year>\d{4})`,
  "{mm}": String.raw`(?<month>\d\d)`,
  "{dd}": String.raw`(?<day>\d\d)`,
  "{hh}": String.raw`(?<hour>\d\d)`,
  "{mi}": String.raw`(?<minute>\d\d)`,
  "{ss}": String.raw`(?<second>\d\d)`,
  "*": ".*",
};

/** A part of the time that stands there twice counts where it stands first. */
export function readFileNames(pattern: string): FileNames {
  const seen = new Set<string>();
  const source = pattern.replaceAll(/\{(?:yyyy|mm|dd|hh|mi|ss)\}|[*]|[\\^$.|?+()[\]{}]/g, (text) => {
    const part = parts[text];
    if (part === undefined) return `\\${text}`;
    if (text === "*" || !seen.has(text)) return seen.add(text) && part;
    return String.raw`\d+`;
  });
  const whole = new RegExp(`^${source}$`, "u");
  return {
    fits: (name) => whole.test(name),
    timeOf: (name) => {
      const {
        year,
        month = "01",
        day = "01",
        hour = "00",
        minute = "00",
        second = "00",
      } = whole.exec(name)?.groups ?? {};
      if (year === undefined) return undefined;
      const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
      // A day that does not exist is no time, though Date would make the next month of it.
      return new Date(time || 0).toISOString().startsWith(`${year}-${month}-${day}`) ? time : undefined;
    },
  };
}
