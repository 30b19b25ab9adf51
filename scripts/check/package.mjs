import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, run } from '../command.mjs';

/** What the download, and what it takes on disk, may come to: docs/adr/0065 says what it is made of. */
const MAX_PACKED_BYTES = 1_400_000;
const MAX_UNPACKED_BYTES = 5_600_000;

/** What is imported is in few files, each of which costs as long as the code of thirty. */
const MAX_FILES_LOADED = 5;

const PACKAGE = join(ROOT, 'package');
const require = createRequire(import.meta.url);

/**
 * Looks at what is about to be published: its size; whether each entry point loads, in how few files, with the same names in
 * both builds; whether the client leaves Nest alone; whether maps and stack traces lead to sources that are there.
 *
 * @param {string} tarball what `npm pack` made of `package/`.
 * @throws {Error} with all that is wrong.
 */
export async function checkPackage(tarball) {
  const { exports } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
  const { './package.json': manifest, ...entries } = exports;
  const problems = [...tooLarge(tarball), ...brokenMaps()];
  for (const [subpath, conditions] of Object.entries(entries)) {
    problems.push(
      ...(await otherNames(subpath, conditions)),
      ...manyFiles(subpath, conditions.import.default),
    );
  }
  problems.push(...(await strayTrace(entries['./client'].import.default)));
  const packages = closure(join(PACKAGE, entries['./client'].import.default)).packages;
  const foreign = packages.filter((name) => !name.startsWith('node:'));
  if (foreign.length > 0) problems.push(`./client loads ${foreign.join(', ')}`);
  if (manifest !== './package.json') problems.push('package.json cannot be read by its name');
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

function tooLarge(tarball) {
  const packed = statSync(tarball).size;
  const files = filesIn(PACKAGE);
  const unpacked = files.reduce((sum, file) => sum + statSync(file).size, 0);
  const kilobytes = (bytes) => `${Math.round(bytes / 1000)} KB`;
  console.log(`  ${kilobytes(packed)} packed, ${kilobytes(unpacked)} in ${files.length} files unpacked`);
  return [
    ...(packed > MAX_PACKED_BYTES ? [`${packed} bytes packed, ${MAX_PACKED_BYTES} are allowed`] : []),
    ...(unpacked > MAX_UNPACKED_BYTES
      ? [`${unpacked} bytes unpacked, ${MAX_UNPACKED_BYTES} are allowed`]
      : []),
  ];
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Maps whose sources are not in the package. */
function brokenMaps() {
  return filesIn(PACKAGE)
    .filter((file) => file.endsWith('.map'))
    .flatMap((file) => {
      const { sources } = JSON.parse(readFileSync(file, 'utf8'));
      return sources
        .filter((source) => !existsSync(resolve(dirname(file), source)))
        .map((source) => `${file} leads to ${source}, which is not packed`);
    });
}

/** What the two builds of an entry point call differently, and classes that do not bear the name they are exported by. */
async function otherNames(subpath, { import: module, require: required }) {
  const asModule = await import(pathToFileURL(join(PACKAGE, module.default)).href);
  const asCommonJs = require(join(PACKAGE, required.default));
  const names = Object.keys(asModule).toSorted();
  const different = names.join() !== Object.keys(asCommonJs).toSorted().join();
  const renamed = names.filter((name) => isClass(asModule[name]) && asModule[name].name !== name);
  return [
    ...(different ? [`${subpath} has other names for require() than for import`] : []),
    ...renamed.map((name) => `${subpath}: the class ${name} calls itself ${asModule[name].name}`),
  ];
}

function isClass(value) {
  return typeof value === 'function' && Function.prototype.toString.call(value).startsWith('class');
}

function manyFiles(subpath, file) {
  const { files } = closure(join(PACKAGE, file));
  return files.length > MAX_FILES_LOADED ? [`${subpath} loads ${files.length} files of ours`] : [];
}

/** What an ES module imports, directly or not: files of ours, and packages. */
function closure(entry) {
  const files = new Set([entry]);
  const packages = new Set();
  for (const file of files) {
    for (const [, from] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^;]*?"([^"]+)";$/gm)) {
      if (from.startsWith('.')) files.add(resolve(dirname(file), from));
      else packages.add(from);
    }
  }
  return { files: [...files], packages: [...packages] };
}

/** An error of the client, as a process shows it that was started with source maps: it has to name a line of `lib/`. */
async function strayTrace(file) {
  const url = pathToFileURL(join(PACKAGE, file)).href;
  const code = `import { MemcachedClient } from '${url}'; try { new MemcachedClient({ servers: '' }); } catch (error) { console.log(error.stack); }`;
  const trace = await run(process.execPath, ['--enable-source-maps', '--input-type=module', '--eval', code]);
  const [, source] = /\(([^()]*\/package\/lib\/[^():]+\.ts):\d+/.exec(trace) ?? [];
  return source !== undefined && existsSync(source)
    ? []
    : [`a stack trace leads elsewhere than to lib/:\n${trace}`];
}
