import { environmentOf, NODES } from './node-versions.mjs';
import { runTests } from './jest.mjs';

/**
 * Tests on several versions of Node, one after another; the figures of all of them together.
 *
 * @param {Record<string, string>} environment where the tests find the programs they talk to.
 * @param {{ majors?: readonly string[], paths?: readonly string[] }} [only] some major versions, some paths of tests.
 */
export async function testsOnEveryNode(environment, { majors = Object.keys(NODES), paths } = {}) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const problems = [];
  for (const version of majors.map((major) => NODES[major])) {
    // Its PATH begins with that Node, and goes on with what the check has added to its own.
    const { problem, ...figures } = await runTests(
      { ...environment, ...(await environmentOf(version)) },
      paths,
    );
    console.log(`  Node ${version}: ${figures.passed} passed, ${figures.failed} failed`);
    if (problem !== undefined) problems.push(`Node ${version}: ${problem}`);
    for (const figure of Object.keys(total)) total[figure] += figures[figure];
  }
  return { ...total, problem: problems.join('; ') };
}
