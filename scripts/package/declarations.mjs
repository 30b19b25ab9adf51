import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** `from './x.js'`, `import('./x.js')`, `import './x.js'` */
const IMPORTED = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)\.js'/g;

/** Copies the declarations that the entry points lead to, with the maps that lead on to `lib/`. */
export function copyDeclarations({ dist, entries }, to) {
  for (const name of reachable(dist, entries)) {
    for (const ending of ['d.ts', 'd.ts.map'])
      cpSync(join(dist, `${name}.${ending}`), join(to, `${name}.${ending}`));
  }
}

/**
 * Declares each entry point for CommonJS. It is the same declaration, so that a program which mixes both kinds of modules
 * has one type for each class. TypeScript before 5.8 lets only a declaration file refer to an ES module so.
 */
export function declareCommonJs(entries, to) {
  for (const name of entries) {
    const file = join(to, 'cjs', `${name}.d.ts`);
    const from = relative(dirname(file), join(to, `${name}.js`));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `export * from '${from}';\n`);
  }
}

function reachable(dist, entries) {
  const found = new Set(entries);
  for (const name of found) {
    const file = join(dist, `${name}.d.ts`);
    if (!existsSync(file)) throw new Error(`${file} is missing: npm run build`);
    for (const [, imported] of readFileSync(file, 'utf8').matchAll(IMPORTED))
      found.add(join(name, '..', imported));
  }
  return found;
}
