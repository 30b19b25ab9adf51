/** Installs and builds what the demo runs; a process of its own, since nothing can be imported before that is done. */
import { join } from 'node:path';
import { ROOT, run } from '../command.mjs';
import { installDependencies } from '../check/install.mjs';
import { step } from './terminal.mjs';

const SHOP = join(ROOT, 'sample', 'shop');

try {
  await step('Installing what it needs', installDependencies);
  await step('Building the library', () => run('npm', ['run', 'build']));
  await step('Building the shop', () => run('npm', ['run', 'build'], { cwd: SHOP }));
} catch (error) {
  console.error(`\n${error.output ?? ''}\n${error.message}`);
  process.exitCode = 1;
}
