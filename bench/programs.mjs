import { run, succeeds } from '../scripts/command.mjs';

/** Debian puts servers where only root's PATH looks. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/**
 * Looks for the servers to measure against; as root on Debian and its relatives, and with Homebrew, it installs them.
 *
 * @returns {Promise<{ memcached: string, redis: string | undefined }>} their versions; a machine without Redis goes on
 *   without the Redis clients.
 * @throws {Error} without memcached 1.6, with the line to type.
 */
export async function findPrograms() {
  process.env.PATH = [process.env.PATH, ...SERVER_FOLDERS].join(':');
  const missing = [];
  if ((await memcachedVersion()) === undefined) missing.push('memcached');
  if ((await redisVersion()) === undefined) missing.push('redis-server');
  if (missing.length > 0) await install(missing);
  const memcached = await memcachedVersion();
  if (memcached === undefined) {
    throw new Error(
      'there is no memcached 1.6 on PATH. On Debian or Ubuntu: sudo apt-get install -y memcached redis-server; ' +
        'on macOS: brew install memcached redis',
    );
  }
  return { memcached, redis: await redisVersion() };
}

async function install(names) {
  // What cannot be installed is noticed, and said, by who looks for it next.
  const quietly = () => undefined;
  if (process.getuid?.() === 0 && (await succeeds('apt-get', ['--version']))) {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update'], { env }).catch(quietly);
    for (const name of names) {
      console.log(`installing ${name}`);
      await run('apt-get', ['install', '-y', '--no-install-recommends', name], { env }).catch(quietly);
    }
  } else if (await succeeds('brew', ['--version'])) {
    for (const name of names) await run('brew', ['install', name.replace('-server', '')]).catch(quietly);
  }
}

async function memcachedVersion() {
  const [, version] = /memcached (1\.(?:[6-9]|\d\d)\S*)/.exec(await output('memcached', ['-V'])) ?? [];
  return version;
}

async function redisVersion() {
  const [, version] = /v=(\S+)/.exec(await output('redis-server', ['--version'])) ?? [];
  return version;
}

function output(command, args) {
  return run(command, args).catch(() => '');
}
