import { entryPoints } from './entry-points.mjs';

/** What of package.json is for this repository only. */
const OURS = new Set(['private', 'scripts', 'workspaces', 'devDependencies', 'typesVersions', 'files']);

/**
 * package.json as users get it.
 *
 * Every entry point has three ways in. Node takes the ES module by `import`, and by `module-sync` also where CommonJS
 * requires it, so that a process has one copy of the package. `require` is for what cannot require an ES module: jest,
 * Yarn's Plug'n'Play, TypeScript before 5.8.
 */
export function publishedManifest(manifest) {
  const entries = Object.entries(entryPoints(manifest));
  const kept = Object.fromEntries(Object.entries(manifest).filter(([field]) => !OURS.has(field)));
  return {
    ...kept,
    main: './dist/cjs/index.js',
    types: './dist/index.d.ts',
    exports: {
      ...Object.fromEntries(entries.map(([subpath, name]) => [subpath, conditions(name)])),
      './package.json': './package.json',
    },
    // TypeScript's oldest resolution knows no `exports`.
    typesVersions: {
      '*': Object.fromEntries(
        entries
          .filter(([subpath]) => subpath !== '.')
          .map(([subpath, name]) => [subpath.replace('./', ''), [`./dist/${name}.d.ts`]]),
      ),
    },
  };
}

function conditions(name) {
  const module = { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` };
  return {
    'module-sync': module,
    import: module,
    require: { types: `./dist/cjs/${name}.d.ts`, default: `./dist/cjs/${name}.js` },
  };
}
