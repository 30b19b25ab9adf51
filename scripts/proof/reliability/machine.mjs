import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, type } from 'node:os';

/** Where and when something was measured, in one line. */
export function measuredHere(command) {
  const memcached = execFileSync('memcached', ['-V'], { encoding: 'utf8' }).trim();
  const date = new Date().toISOString().slice(0, 10);
  const cpu = cpus()[0].model.trim();
  return (
    `\`${command}\`, ${date}, ${cpu}, ${availableParallelism()} processors, ${type()} ${release()}, ` +
    `Node ${process.versions.node}, ${memcached}`
  );
}
