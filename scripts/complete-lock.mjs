/**
 * Adds to package-lock.json the optional platform packages that the registry at hand does not carry.
 * Some mirrors hold one platform only; npm then leaves the others out of the lock, and `npm ci` refuses it everywhere.
 * Run it after every `npm install` behind such a mirror: `npm run lock`.
 */
import { readFileSync, writeFileSync } from "node:fs";

const file = "package-lock.json";
const lock = JSON.parse(readFileSync(file, "utf8"));
const { packages } = lock;
const platforms = {
  os: ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"],
  cpu: ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"],
};

/** Where Node would find a package when it is asked for from inside another. */
function resolve(from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    const key = `${at === "" ? "" : `${at}/`}node_modules/${name}`;
    if (packages[key]) return key;
    if (at === "" || !at.includes("/node_modules/")) return packages[`node_modules/${name}`] && `node_modules/${name}`;
  }
}

let added = 0;
for (const [key, entry] of Object.entries({ ...packages })) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const found = resolve(key, name);
    if (!/^\d/.test(version) || packages[found]?.version === version) continue;
    const words = name.split(/[-/]/);
    const named = ([field, known]) => [field, known.filter((one) => words.includes(one))];
    const limits = Object.entries(platforms).map(named);
    const dev = entry.dev || entry.devOptional ? { dev: true } : {};
    const fitting = Object.fromEntries(limits.filter(([, meant]) => meant.length > 0));
    // A name that is taken by another version goes below the package that asks for it.
    const place = found ? `${key}/node_modules/${name}` : `node_modules/${name}`;
    packages[place] = { version, ...dev, ...fitting, optional: true };
    added += 1;
  }
}
lock.packages = Object.fromEntries(
  Object.entries(packages).toSorted(([a], [b]) => (a === "" ? -1 : b === "" ? 1 : a < b ? -1 : 1)),
);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added} platform packages added to ${file}\n`);
