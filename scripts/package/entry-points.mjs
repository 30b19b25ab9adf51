/** Where the code of an `exports` or `bin` entry of package.json is, from `dist/`, without its ending. */
const TARGET = /^\.\/dist\/(.+)\.js$/;

/**
 * What of package.json's `exports` is code, by subpath: `{ '.': 'index', './testing': 'testing/index' }`.
 *
 * @throws {Error} for an entry of another form than `{ types, default }`, which packing would not understand.
 */
export function entryPoints({ exports }) {
  return Object.fromEntries(
    Object.entries(exports)
      .filter(([, target]) => typeof target !== 'string')
      .map(([subpath, target]) => {
        const { types, default: code, ...more } = target;
        const [, name] = TARGET.exec(code) ?? [];
        if (name === undefined || types !== `./dist/${name}.d.ts` || Object.keys(more).length > 0)
          throw new Error(
            `package.json, exports['${subpath}']: expected types and default, beside each other in dist/`,
          );
        return [subpath, name];
      }),
  );
}

/** The programs of package.json's `bin`, as `entryPoints` gives what is imported. */
export function programs({ bin = {} }) {
  return Object.values(bin).map((target) => {
    const [, name] = TARGET.exec(target.startsWith('./') ? target : `./${target}`) ?? [];
    if (name === undefined) throw new Error(`package.json, bin: ${target} is no file of dist/`);
    return name;
  });
}
