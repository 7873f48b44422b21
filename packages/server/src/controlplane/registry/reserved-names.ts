/** Names that every JavaScript object answers to: as a name of ours they would be found where nothing was declared. */

const others: ReadonlySet<string> = new Set(["__proto__", "prototype"]);

export function isReservedName(name: string): boolean {
  return others.has(name) || name in Object.prototype;
}
