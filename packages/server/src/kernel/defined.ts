/** The members of an object that are there: those that are `undefined` are left out, as an optional member must be. */
export function defined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const there = Object.entries(members).filter(([, value]) => value !== undefined);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same members, less those that are undefined
  return Object.fromEntries(there) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
