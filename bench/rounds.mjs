import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CELL = fileURLToPath(new URL('./cell.mjs', import.meta.url));

/** Beyond what it measures, a cell may take so long; then it hangs. */
const CELL_LIMIT_MS = 30_000;

/**
 * Measures every cell once a round, each in a process of its own, the contenders of a workload one after another and in
 * another order each time.
 *
 * @param {ReturnType<import('./plan.mjs').makePlan>} plan
 * @param {import('./servers.mjs').Servers} servers
 * @param {object} limits
 * @param {number} limits.rounds
 * @param {number} [limits.untilMs] no cell begins after that, and no round that would not be over by then, judged by the
 *   longest so far.
 * @param {import('./progress.mjs').Progress} progress
 * @param {string} [profileFolder] where to put CPU profiles.
 * @returns for each workload's id, for each contender's name, what came of each round.
 */
export async function runRounds(plan, servers, { rounds, untilMs = Infinity }, progress, profileFolder) {
  const results = Object.fromEntries(
    plan.map(({ id, contenders }) => [id, Object.fromEntries(contenders.map(({ name }) => [name, []]))]),
  );
  let longestMs = 0;
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    if (round > 0 && startedAt + longestMs > untilMs) break;
    for (const workload of plan) {
      for (const contender of rotated(workload.contenders, round)) {
        if (performance.now() > untilMs) return results;
        progress.show(round, workload, contender.name);
        await servers.empty();
        const outcome = await measure(await orderFor(workload, contender, servers), profileFolder);
        results[workload.id][contender.name].push(outcome);
        progress.done(workload, contender.name, outcome);
      }
    }
    longestMs = Math.max(longestMs, performance.now() - startedAt);
  }
  return results;
}

function rotated(list, by) {
  const start = by % Math.max(1, list.length);
  return [...list.slice(start), ...list.slice(0, start)];
}

async function orderFor(workload, contender, servers) {
  const { kind, params, budget } = workload;
  const { client, callbacks, from } = contender;
  return {
    kind,
    client,
    callbacks,
    from,
    budget,
    params: { ...params, ...contender.params },
    servers: params.tls ? [await servers.tls()] : await servers.memcached(workload.servers),
    redis: contender.kind === 'redis' ? await servers.redis() : undefined,
  };
}

/** @returns {Promise<{ figures: Record<string, number> } | { error: string }>} */
function measure(order, profileFolder) {
  return new Promise((resolve) => {
    const child = fork(CELL, [JSON.stringify(order)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production' },
      execArgv: profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`],
    });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (complaint += text));
    const { warmupMs, measureMs = 0 } = order.budget;
    const limit = setTimeout(() => child.kill('SIGKILL'), CELL_LIMIT_MS + warmupMs + measureMs);
    let answer;
    child.once('message', (message) => (answer = message));
    child.once('exit', (code, signal) => {
      clearTimeout(limit);
      resolve(
        answer ?? { error: complaint.trim() || `ended by ${signal ?? `status ${code}`} without an answer` },
      );
    });
  });
}
