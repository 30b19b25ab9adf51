import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';

/** A class under another name than its own, where two files had the same: its errors and tokens would bear it too. */
const RENAMED_CLASS = /class (\w+\$\d+)|(\w+\$\d+) = class/;

/**
 * Writes the modules that tsc made into few files: one for each entry point, and chunks for what they share.
 *
 * The output of tsc is what is bundled, because it alone has the types of decorated parameters. Names and lines stay,
 * comments go: they are in `lib/`, which the source maps lead to.
 *
 * @param {object} from
 * @param {string} from.dist folder of tsc's output.
 * @param {string[]} from.entries files in it that are imported, without `.js`.
 * @param {string[]} from.programs files in it that are run, which need no CommonJS.
 * @param {string} to folder to write to: ES modules into it, CommonJS into `cjs/`.
 */
export async function bundle({ dist, entries, programs }, to) {
  const [modules, commonJs] = await Promise.all(
    [[...entries, ...programs], entries].map((names) => modulesOf(dist, names)),
  );
  const shared = {
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    comments: false,
    minifyInternalExports: false,
    // A file of its own for one line would be one more to load everywhere.
    codeSplitting: {
      groups: [
        {
          name: 'schema',
          test: /\/(timers|unix-time|adapters\/mistakes|client\/(server-runs|server-rates|error-type|random-text)|options\/(schema|server-options))\.js$/,
        },
      ],
    },
  };
  const outputs = [
    await modules.write({
      ...shared,
      dir: to,
      format: 'esm',
      sourcemap: true,
      sourcemapExcludeSources: true,
      sourcemapPathTransform: (source, map) => fromPackage(source, map, { dist, to }),
    }),
    await commonJs.write({ ...shared, dir: join(to, 'cjs'), format: 'cjs' }),
  ];
  await Promise.all([modules.close(), commonJs.close()]);
  for (const { code = '', fileName } of outputs.flatMap(({ output }) => output))
    refuseRenamedClasses(fileName, code);
}

/** tsc's modules of that name, and what they import of ours. */
function modulesOf(dist, names) {
  return rolldown({
    cwd: dist,
    input: Object.fromEntries(names.map((name) => [name, join(dist, `${name}.js`)])),
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    platform: 'node',
    plugins: [withSourceMaps],
    onLog(level, log) {
      throw new Error(`rolldown, ${level}: ${log.message}`);
    },
  });
}

/** Lets the bundle's maps lead to `lib/`, by way of tsc's. */
const withSourceMaps = {
  name: 'source maps of tsc',
  load: {
    filter: { id: /\.js$/ },
    handler: (id) => ({
      code: readFileSync(id, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n'),
      map: JSON.parse(readFileSync(`${id}.map`, 'utf8')),
    }),
  },
};

/** Sources are found beside `dist/`, here as in the package. */
function fromPackage(source, map, { dist, to }) {
  const file = relative(join(dist, '..'), resolve(map, '..', source));
  return relative(resolve(map, '..'), join(to, '..', file));
}

function refuseRenamedClasses(fileName, code) {
  const [found] = RENAMED_CLASS.exec(code) ?? [];
  if (found !== undefined)
    throw new Error(`${fileName}: two classes have one name, and one has become "${found}": give it another`);
}
