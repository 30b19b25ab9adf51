import { posix } from 'node:path';
import { outline, type ModuleOutline } from './imports.js';

/** Sources by their path from the repository's root, with forward slashes. */
export type Tree = ReadonlyMap<string, string>;

/** What the files of one room may import, beside one another. */
export interface Room {
  /** Other rooms, by their names in the house. */
  readonly rooms: readonly string[];
  /** Packages and Node's own modules, each by its exact name: a package's inner files are none of our business. */
  readonly packages: readonly string[];
}

/** The rooms of `lib/` and the rules that hold in all of them. */
export interface House {
  /**
   * By name: `protocol/` is a folder in `lib/`, `errors.ts` a file; the longest name that fits a file is its room.
   */
  readonly rooms: Readonly<Record<string, Room>>;
  /** What users import, and the file behind it (from `lib/`): the only files that do nothing but pass on names. */
  readonly entryPoints: Readonly<Record<string, string>>;
  /** No file of `lib/` is longer. */
  readonly maxLines: number;
}

const LIB = 'lib/';

/** Names that say nothing about what a file is for. */
const EMPTY_WORDS = /^(utils?|helpers?|commons?|interfaces?)$/;

const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * Checks a tree against the house.
 *
 * Files under `lib/` are held to the import table, the absence of import cycles and the rules for files;
 * all others (the sample) may use the package only through its entry points.
 *
 * @returns one sentence for each violation, naming the file; empty when the tree is sound.
 */
export function violations(tree: Tree, house: House): string[] {
  const graph = new Map<string, string[]>();
  const found: string[] = [];
  for (const [path, source] of tree) {
    const read = outline(path, source);
    const inside = path.startsWith(LIB);
    for (const { specifier, line } of read.imports) {
      const place = `${path}:${line}`;
      if (specifier === undefined) {
        found.push(`${place} imports a module whose name is computed`);
        continue;
      }
      const target = resolve(path, specifier);
      const problem = inside
        ? problemInside(path, specifier, target, tree, house)
        : problemOutside(specifier, target, house);
      if (problem !== undefined) found.push(`${place} imports ${specifier}: ${problem}`);
      if (inside && target !== undefined) graph.set(path, [...(graph.get(path) ?? []), target]);
    }
    if (inside) found.push(...problemsOfFile(path, source, read, house));
  }
  return [...found, ...cycles(graph).map((cycle) => `import cycle: ${cycle.join(' -> ')}`)];
}

function problemInside(
  path: string,
  specifier: string,
  target: string | undefined,
  tree: Tree,
  house: House,
): string | undefined {
  const name = roomOf(path, house);
  // A file in no room is reported once, not for each of its imports.
  if (name === undefined) return undefined;
  const room = house.rooms[name];
  if (target === undefined) {
    return room.packages.includes(specifier)
      ? undefined
      : `of packages, ${name} may import ${listed(room.packages)}`;
  }
  if (!target.startsWith(LIB)) return 'lib/ imports nothing from outside it';
  if (!tree.has(target)) return `there is no ${target}`;
  const other = roomOf(target, house);
  if (other === undefined || other === name || room.rooms.includes(other)) return undefined;
  return `of rooms, ${name} may import ${listed(room.rooms)}`;
}

function problemOutside(specifier: string, target: string | undefined, house: House): string | undefined {
  const entries = Object.keys(house.entryPoints);
  if (target !== undefined) {
    const reachesIn = target.startsWith(LIB) || target.startsWith('dist/');
    return reachesIn ? `from outside there is only ${listed(entries)}` : undefined;
  }
  const ours = entries.some((entry) => specifier.startsWith(`${entry}/`));
  return ours && !entries.includes(specifier) ? `from outside there is only ${listed(entries)}` : undefined;
}

function problemsOfFile(path: string, source: string, read: ModuleOutline, house: House): string[] {
  const found: string[] = [];
  const inLib = path.slice(LIB.length);
  const isEntry = Object.values(house.entryPoints).includes(inLib);
  if (roomOf(path, house) === undefined) found.push(`${path} stands in no room that the import table knows`);

  const words = inLib.replace(/\.ts$/, '').split(/[/.]/);
  const empty = words.find((word) => EMPTY_WORDS.test(word));
  if (empty !== undefined) found.push(`${path}: '${empty}' does not say what it is for`);
  const odd = words.find((word) => !KEBAB_CASE.test(word));
  if (odd !== undefined) found.push(`${path}: '${odd}' is not kebab-case`);

  if (!isEntry && (read.isBarrel || posix.basename(path) === 'index.ts')) {
    found.push(`${path} is a barrel; only ${listed(Object.values(house.entryPoints))} may pass names on`);
  }
  for (const line of read.wildcardExports) {
    found.push(`${path}:${line} exports with *; names are written out one by one`);
  }
  for (const name of read.mutableState) found.push(`${path}: '${name}' is mutable state of the module`);

  const lines = source.split('\n').length - (source.endsWith('\n') ? 1 : 0);
  if (lines > house.maxLines) found.push(`${path} has ${lines} lines, ${house.maxLines} are allowed`);
  return found;
}

/** @returns the file in the repository that a relative import names, `undefined` for packages. */
function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

function roomOf(path: string, house: House): string | undefined {
  const inLib = path.slice(LIB.length);
  return Object.keys(house.rooms)
    .filter((name) => (name.endsWith('/') ? inLib.startsWith(name) : inLib === name))
    .toSorted((a, b) => b.length - a.length)[0];
}

/** @returns each cycle once, as the path that leads from its first file in the alphabet back to it. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found = new Map<string, string[]>();
  const finished = new Set<string>();
  const trail: string[] = [];
  const walk = (file: string): void => {
    const start = trail.indexOf(file);
    if (start >= 0) {
      const cycle = fromFirst(trail.slice(start));
      found.set(cycle.join(), cycle);
      return;
    }
    if (finished.has(file)) return;
    trail.push(file);
    for (const next of graph.get(file) ?? []) walk(next);
    trail.pop();
    finished.add(file);
  };
  for (const file of graph.keys()) walk(file);
  return [...found.values()];
}

function fromFirst(ring: readonly string[]): string[] {
  const first = ring.indexOf(ring.toSorted()[0]);
  return [...ring.slice(first), ...ring.slice(0, first), ring[first]];
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ');
}
