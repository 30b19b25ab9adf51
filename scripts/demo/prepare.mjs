/**
 * Installs and builds what the demo runs, unless that has been done since the last change; a process of its own, since
 * nothing can be imported before.
 */
import { join } from 'node:path';
import { ROOT, run } from '../command.mjs';
import { installDependencies } from '../check/install.mjs';
import { isBuilt } from '../built.mjs';
import { step } from './terminal.mjs';

const SHOP = join(ROOT, 'sample', 'shop');
const LIBRARY = join(ROOT, 'dist');

/** What a build reads beside the sources. */
const inputsIn = (folder, ...more) =>
  ['package.json', 'nest-cli.json', 'tsconfig.json', ...more].map((name) => join(folder, name));

try {
  await step('Installing what it needs', installDependencies);
  if (!isBuilt(join(ROOT, 'lib'), LIBRARY, inputsIn(ROOT, 'tsconfig.build.json'))) {
    await step('Building the library', () => run('npm', ['run', 'build']));
  }
  if (!isBuilt(join(SHOP, 'src'), join(SHOP, 'dist'), [...inputsIn(SHOP), join(LIBRARY, 'index.js')])) {
    await step('Building the shop', () => run('npm', ['run', 'build'], { cwd: SHOP }));
  }
} catch (error) {
  console.error(`\n${error.output ?? ''}\n${error.message}`);
  process.exitCode = 1;
}
