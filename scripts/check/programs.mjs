import { SEARCH_PATH } from '../background-program.mjs';
import { run, succeeds } from '../command.mjs';
import { hasRabbitmq } from '../rabbitmq.mjs';
import { hasRedis } from '../redis.mjs';
import { hasTwemproxy } from '../twemproxy.mjs';

/** The Pythons that are asked for the modules, best first; Debian's packages serve only Debian's own. */
const PYTHONS = [process.env.PYTHON, '/usr/bin/python3', 'python3'].filter((python) => python !== undefined);

/** What Chromium is called where; the last is where macOS has it. */
const BROWSERS = [
  process.env.CHROMIUM,
  'chromium',
  'chromium-browser',
  'google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
].filter((browser) => browser !== undefined);

const PROGRAMS = [
  { name: 'memcached 1.6', apt: 'memcached', brew: 'memcached', isThere: hasMemcached },
  { name: 'twemproxy', apt: 'nutcracker', isThere: async () => hasTwemproxy() },
  { name: 'Redis', apt: 'redis-server', brew: 'redis', isThere: async () => hasRedis() },
  { name: 'RabbitMQ', apt: 'rabbitmq-server', brew: 'rabbitmq', isThere: async () => hasRabbitmq() },
  { name: 'python-memcached', apt: 'python3-memcache', pip: 'python-memcached', isThere: hasPython },
  { name: 'pymemcache', apt: 'python3-pymemcache', pip: 'pymemcache', isThere: hasPython },
  {
    name: 'Chromium',
    apt: 'chromium',
    brew: 'chromium',
    isThere: async () => (await browser()) !== undefined,
  },
];

const PIP_FOLDER = '~/.nestjs-memcached-python';

/**
 * Makes sure that the servers and clients are there that the tests talk to.
 *
 * As root on Debian and its relatives, and with Homebrew, it installs what is missing.
 *
 * @returns {Promise<Record<string, string>>} environment in which the tests find them.
 * @throws {Error} with the line to type when something is missing and cannot be installed.
 */
export async function findPrograms() {
  process.env.PATH = SEARCH_PATH;
  let missing = await missingPrograms();
  if (missing.length > 0) {
    await install(missing);
    missing = await missingPrograms();
  }
  if (missing.length > 0) throw new Error(advice(missing));
  return {
    PATH: process.env.PATH,
    PYTHON: await pythonWithModules(),
    CHROMIUM: await browser(),
    REQUIRE_MEMCACHED: '1',
  };
}

async function missingPrograms() {
  const there = await Promise.all(PROGRAMS.map(({ isThere }) => isThere()));
  return PROGRAMS.filter((_, index) => !there[index]);
}

async function install(missing) {
  if (process.getuid?.() === 0 && (await succeeds('apt-get', ['--version']))) {
    const options = { live: true, env: { DEBIAN_FRONTEND: 'noninteractive' } };
    await run('apt-get', ['update'], options);
    await run(
      'apt-get',
      ['install', '-y', '--no-install-recommends', ...missing.map(({ apt }) => apt)],
      options,
    );
  } else if (await succeeds('brew', ['--version'])) {
    const formulas = missing.map(({ brew }) => brew).filter((formula) => formula !== undefined);
    if (formulas.length > 0) await run('brew', ['install', ...formulas], { live: true });
  }
}

function advice(missing) {
  const names = missing.map(({ name }) => name).join(', ');
  const onDebian = `sudo apt-get update && sudo apt-get install -y ${missing.map(({ apt }) => apt).join(' ')}`;
  if (process.platform !== 'darwin')
    return `missing: ${names}. On Debian or Ubuntu, type:\n\n  ${onDebian}\n`;

  const modules = missing.map(({ pip }) => pip).filter((name) => name !== undefined);
  const lines = [];
  if (modules.length > 0) {
    const pip = `python3 -m venv ${PIP_FOLDER} && ${PIP_FOLDER}/bin/pip install ${modules.join(' ')}`;
    lines.push(`${pip} && export PYTHON=${PIP_FOLDER}/bin/python`);
  }
  const formulas = missing.map(({ brew }) => brew).filter((name) => name !== undefined);
  if (formulas.length > 0) lines.push(`brew install ${formulas.join(' ')}`);
  const proxy = missing.some(({ apt }) => apt === 'nutcracker')
    ? '\nHomebrew has no twemproxy: build it from source (twitter/twemproxy on GitHub), put `nutcracker` on PATH.\n'
    : '';
  return `missing: ${names}. Type:\n\n  ${lines.join(' && ')}\n${proxy}`;
}

async function hasMemcached() {
  const version = await run('memcached', ['-V']).catch(() => '');
  const [, major, minor] = /memcached (\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 6);
}

async function hasPython() {
  return (await pythonWithModules()) !== undefined;
}

/** Both modules in one Python: the tests start only one. */
function pythonWithModules() {
  return firstThat(PYTHONS, ['-c', 'import memcache, pymemcache']);
}

function browser() {
  return firstThat(BROWSERS, ['--version']);
}

async function firstThat(commands, args) {
  for (const command of commands) {
    if (await succeeds(command, args)) return command;
  }
  return undefined;
}
