import { expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hasRabbitmq } from '../../scripts/rabbitmq.mjs';
import { hasRedis } from '../../scripts/redis.mjs';
import { describeWith } from './describe-with.js';

/** Starts the server of its argument, tells where it lives, and waits to be killed. */
const OWNER = `
  const [module, start] = process.argv.slice(1);
  const { pid, folder } = await (await import(module))[start]();
  process.stdout.write(JSON.stringify({ pid, folder }));
  setInterval(() => {}, 1000);`;

const START_LIMIT_MS = 240_000;

/** Processes of the group, without those that only wait for somebody to be told of their end. */
function runningIn(group: number): string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pgid=,stat=,comm='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/ +/))
    .filter(([pgid, state]) => Number(pgid) === group && !state.startsWith('Z'))
    .map(([, , command]) => command);
}

describeWith(
  { 'redis-server': hasRedis(), 'rabbitmq-server': hasRabbitmq() },
  'a program in the background',
  () => {
    it.each([
      ['Redis', 'redis.mjs', 'startRedis'],
      ['RabbitMQ', 'rabbitmq.mjs', 'startRabbitmq'],
    ])(
      'ends with the process that started it, even if that is killed with its group: %s',
      async (_name, file, start) => {
        const module = fileURLToPath(new URL(`../../scripts/${file}`, import.meta.url));
        const owner = spawn(process.execPath, ['--input-type=module', '-e', OWNER, module, start], {
          stdio: ['ignore', 'pipe', 'inherit'],
          detached: true,
        });
        const [told] = (await once(owner.stdout, 'data')) as [Buffer];
        const { pid, folder } = JSON.parse(told.toString()) as { pid: number; folder: string };
        expect(runningIn(pid)).not.toEqual([]);
        expect(existsSync(folder)).toBe(true);
        process.kill(-(owner.pid as number), 'SIGKILL');
        while (runningIn(pid).length > 0 || existsSync(folder)) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
      START_LIMIT_MS,
    );
  },
);
