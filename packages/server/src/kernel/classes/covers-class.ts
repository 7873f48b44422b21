/** Whether what is said of a class holds for another: `pii` covers `pii` and `pii.name`, not `piing`. */
export const coversClass = (declared: string, one: string): boolean =>
  one === declared || one.startsWith(`${declared}.`);
