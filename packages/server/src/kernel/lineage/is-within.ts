/** Whether one place in an answer is inside another, both written as the paths of leaves. */

export const isWithin = (path: string, item: string): boolean =>
  item === "$" || (path.startsWith(item) && [undefined, ".", "["].includes(path[item.length]));
