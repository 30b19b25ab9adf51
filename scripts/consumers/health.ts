/**
 * The health route of an application on real memcached processes, in the states that matter most: compiled and run by
 * each consumer, for the Terminus of its Nest. Needs `memcached` on PATH; ends with status 0 only if everything held.
 */
import 'reflect-metadata';
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Controller, Get, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { MemcachedHealthIndicator, MemcachedModule, type ServerOptions } from 'nestjs-memcached';

/** Pause between two looks at a server that is starting. */
const POLL_MS = 4;

/** What has not become so after that never will. */
const PATIENCE_MS = 60_000;

/** What a health route has answered, as far as it is looked at here. */
interface Health {
  readonly status: string;
  readonly details: {
    readonly memcached: {
      readonly status: string;
      readonly state: string;
      readonly reasons: readonly { readonly code: string }[];
    };
  };
}

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly memcached: MemcachedHealthIndicator,
  ) {}

  @Get(':name')
  @HealthCheck()
  check(@Param('name') name: string) {
    return this.health.check([() => this.memcached.clusterCheck('memcached', { name, timeout: '250ms' })]);
  }

  @Get(':name/critical')
  @HealthCheck()
  checkCritical(@Param('name') name: string) {
    return this.health.check([
      () => this.memcached.pingCheck('memcached', { name, timeout: '250ms', critical: true }),
    ]);
  }
}

/** Starts a memcached on a free port; `folder` can be written by everybody, since as root it becomes `nobody`. */
async function startMemcached(
  folder: string,
  name: string,
  ...args: string[]
): Promise<{ process: ChildProcess; port: number }> {
  const portFile = join(folder, name);
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(
    'memcached',
    [...asNobody, '-l', '127.0.0.1', '-p', '-1', '-U', '0', '-t', '1', ...args],
    {
      env: { ...process.env, MEMCACHED_PORT_FILENAME: portFile },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  process.once('exit', () => child.kill('SIGKILL'));
  await once(child, 'spawn');
  for (;;) {
    assert.equal(child.exitCode, null, 'memcached did not start');
    try {
      const [, port] = /^TCP INET: (\d+)$/m.exec(readFileSync(portFile, 'utf8')) ?? [];
      return { process: child, port: Number(port) };
    } catch {
      await wait(POLL_MS);
    }
  }
}

/** Stops a server where it stands, and waits until all its threads do: its main one can stop before the one that answers. */
async function pause(server: ChildProcess): Promise<void> {
  server.kill('SIGSTOP');
  while (!isStopped(server.pid as number)) await wait(POLL_MS);
}

function isStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  const states = existsSync(threads)
    ? readdirSync(threads).map((thread) =>
        readFileSync(join(threads, thread, 'stat'), 'latin1').replace(/^.*\) /s, ''),
      )
    : [spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()];
  return states.every((state) => state.startsWith('T'));
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'health-'));
  chmodSync(folder, 0o777);
  writeFileSync(join(folder, 'users'), 'alice:s3cret\n');
  const one = await startMemcached(folder, 'one');
  const other = await startMemcached(folder, 'other');
  const locked = await startMemcached(folder, 'locked', '-Y', join(folder, 'users'));
  const web = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(web, 'listening');

  const at = (port: number): ServerOptions => ({ host: '127.0.0.1', port });
  @Module({
    imports: [
      TerminusModule.forRoot({ logger: false }),
      MemcachedModule.forRoot({ name: 'pair', servers: [at(one.port), at(other.port)] }),
      MemcachedModule.forRoot({ name: 'web', servers: at((web.address() as AddressInfo).port) }),
      MemcachedModule.forRoot({
        name: 'locked',
        servers: { ...at(locked.port), username: 'alice', password: 'wr0ng' },
      }),
    ],
    controllers: [HealthController],
  })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();

  /** Asks a health route: the status of the whole and of the entry, and the state and the codes it has found. */
  const ask = async (path: string) => {
    const response = await fetch(`${url}/health/${path}`);
    const { status, details } = (await response.json()) as Health;
    const { status: entry, state, reasons } = details.memcached;
    return [response.status, status, entry, state, reasons.map(({ code }) => code).sort()];
  };
  /** Asks until the answer is the one that is waited for: on a busy machine a server that is well may answer too late. */
  const expect = async (path: string, wanted: unknown[]): Promise<void> => {
    const giveUpAt = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = (await ask(path)).slice(0, wanted.length);
      if (isDeepStrictEqual(answer, wanted)) return;
      if (Date.now() > giveUpAt) assert.deepEqual(answer, wanted, path);
      await wait(POLL_MS);
    }
  };
  const withoutCache = process.env.EXPECTED_WITHOUT_CACHE ?? '';
  const ill = [200, withoutCache, withoutCache === 'ok' ? 'up' : withoutCache];

  await expect('pair', [200, 'ok', 'up', 'up', []]);
  await expect('web', [...ill, 'down', ['not-memcached']]);
  await expect('locked', [...ill, 'down', ['unauthenticated']]);
  await pause(other.process);
  await expect('pair', [...ill, 'degraded', ['no-answer']]);
  one.process.kill('SIGKILL');
  await once(one.process, 'exit');
  await expect('pair', [...ill, 'down', ['no-answer', 'unreachable']]);
  await expect('pair/critical', [503, 'error', 'down', 'down']);

  await app.close();
  web.close();
  for (const { process: child } of [other, locked]) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
  console.log('told by its health route how real servers are, closed');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
