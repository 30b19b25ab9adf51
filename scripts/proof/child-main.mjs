/* A process of the proof. Arguments: the module with its operations, the folder of the build, and what to patch in it. */
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { compileTypeScript } from './typescript.mjs';

compileTypeScript();
const [module, dist, patch] = process.argv.slice(2);
if (patch !== 'null') {
  register('./patch.hooks.mjs', import.meta.url, { data: JSON.parse(patch) });
}
const lib = await import(new URL('index.js', pathToFileURL(`${dist}/`)).href);
const { operations } = await import(module);

let unhandled = 0;
const examples = [];
process.on('unhandledRejection', (error) => {
  unhandled += 1;
  if (examples.length < 3) examples.push(String(error?.stack ?? error));
});

let warnings = 0;
process.on('warning', (warning) => {
  warnings += 1;
  if (examples.length < 3) examples.push(String(warning.stack));
});

const known = {
  ready: () => undefined,
  unhandled: () => ({ unhandled, warnings, examples }),
  ...operations(lib, dist),
};

process.on('message', ({ id, operation, args }) => {
  Promise.resolve()
    .then(() => known[operation](args))
    .then(
      (result) => process.send({ id, result }),
      (error) => process.send({ id, error: String(error?.stack ?? error) }),
    );
});
process.on('disconnect', () => process.exit());
