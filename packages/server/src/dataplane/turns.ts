/**
 * Who tries next at a business object on this node: those who lost a race stand in line, instead of all looking again
 * at once. It saves work and decides nothing; the store's version of the object does.
 */

/** Gives the place in line to the next. */
export type Turn = () => void;
export type Turns = {
  /** Resolves when nobody before it is left at any of these; or with nothing after `ms`. Lines of other keys do not matter. */
  readonly take: (tenant: string, keys: readonly string[], ms: number) => Promise<Turn | undefined>;
};

export function createTurns(): Turns {
  /** The last in each line: resolves when that one has had its turn. */
  const lines = new Map<string, Promise<void>>();

  async function stand(key: string, giveUp: Promise<false>): Promise<Turn | undefined> {
    const before = lines.get(key) ?? Promise.resolve();
    let leave: Turn = () => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const line = before.then(() => left);
    lines.set(key, line);
    void line.then(() => {
      if (lines.get(key) === line) lines.delete(key);
    });
    if (await Promise.race([before.then(() => true), giveUp])) return leave;
    leave();
    return undefined;
  }

  return {
    take: async (tenant, keys, ms) => {
      const taken: Turn[] = [];
      const leaveAll: Turn = () => taken.forEach((leave) => leave());
      let timer: NodeJS.Timeout | undefined;
      const giveUp = new Promise<false>((resolve) => {
        timer = setTimeout(() => resolve(false), Math.max(0, ms));
      });
      try {
        // One after the other and in order, so that no two wait for each other.
        for (const key of [...new Set(keys)].toSorted()) {
          // oxlint-disable-next-line no-await-in-loop -- the order is the point
          const turn = await stand(`${tenant} ${key}`, giveUp);
          if (!turn) {
            leaveAll();
            return undefined;
          }
          taken.push(turn);
        }
        return leaveAll;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
