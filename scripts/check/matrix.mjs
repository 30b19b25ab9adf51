import { environmentOf, NODES } from './node-versions.mjs';
import { runTests } from './jest.mjs';

/** Every test on every version of Node, one after another; the figures of all of them together. */
export async function testsOnEveryNode(environment) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const problems = [];
  for (const version of Object.values(NODES)) {
    // Its PATH begins with that Node, and goes on with what the check has added to its own.
    const { problem, ...figures } = await runTests({ ...environment, ...(await environmentOf(version)) });
    console.log(`  Node ${version}: ${figures.passed} passed, ${figures.failed} failed`);
    if (problem !== undefined) problems.push(`Node ${version}: ${problem}`);
    for (const figure of Object.keys(total)) total[figure] += figures[figure];
  }
  return { ...total, problem: problems.join('; ') };
}
