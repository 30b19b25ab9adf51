/**
 * `npm run test:nodes -- [--node 22]… [path]…`: tests on the versions of Node that are supported, each got from npm's package
 * `node`; all versions and all tests where nothing is named. A part of `npm run check -- --matrix`, which runs all.
 *
 * Ends with status 1 when a test failed or none was found.
 */
import { parseArgs } from 'node:util';
import { testsOnEveryNode } from './check/matrix.mjs';
import { NODES } from './check/node-versions.mjs';
import { findPrograms } from './check/programs.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { node: { type: 'string', multiple: true, default: Object.keys(NODES) } },
});
const unknown = values.node.filter((major) => !(major in NODES));
if (unknown.length > 0) {
  console.error(`--node takes ${Object.keys(NODES).join(', ')}, not ${unknown.join(', ')}`);
  process.exit(2);
}

const { passed, failed, skipped, problem } = await testsOnEveryNode(await findPrograms(), {
  majors: values.node,
  paths: positionals,
});
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
if (failed > 0) {
  console.log(problem);
  process.exitCode = 1;
}
