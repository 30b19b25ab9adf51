/**
 * `node scripts/tools.mjs TARBALL [--only WORD]…`: the package, compiled and bundled by what people compile and bundle with
 * (swc, esbuild and webpack, to ES modules and to CommonJS), and installed by pnpm, whose folders are laid out otherwise, and
 * by Yarn's Plug'n'Play, which has none. `--only` takes those whose names contain the word.
 *
 * Part of `npm run check -- --matrix`. Ends with status 1 when a result did not run.
 */
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { environmentOf, NODES } from './check/node-versions.mjs';
import { ROOT, run } from './command.mjs';

const PNPM = 'pnpm@10.20.0';
const YARN = '@yarnpkg/cli-dist@4.18.1';

/** A peer of ts-jest that `nest new` does not name: other installers put it where ts-jest finds it all the same. */
const OF_TS_JEST = 'jest-util@30.5.1';

/** What Nest loads if it is there, and this application has not. */
const NOT_THERE = [
  '@nestjs/microservices',
  '@nestjs/websockets',
  '@nestjs/platform-express',
  'class-transformer',
  'class-validator',
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', multiple: true, default: [''] } },
});
if (positionals.length !== 1) {
  console.error('usage: node scripts/tools.mjs TARBALL [--only WORD]…');
  process.exit(2);
}
const tarball = resolve(positionals[0]);
const home = mkdtempSync(join(tmpdir(), 'nestjs-memcached-tools-'));
/** Where one application is compiled and bundled in every way; others lie beside it, and see nothing of what it has. */
const folder = join(home, 'bundled');
const require = createRequire(join(folder, 'package.json'));

/** What jest and vitest run. */
const SPEC = `import { MemcachedClient } from 'nestjs-memcached/client';
import { MemcachedServer } from 'nestjs-memcached/testing';

it('stores and reads', async () => {
  const server = await MemcachedServer.start();
  const client = new MemcachedClient({ servers: server.address });
  await client.set('key', 'value');
  expect(await client.get('key')).toBe('value');
  await client.close();
  await server.close();
});
`;

/** What is done with the package, by name. */
const TOOLS = {
  tsc: async () => runSound(await compiled()),
  swc: async () => runSound(await swc()),
  // Bundlers take what tsc has written: they know nothing of the types of parameters.
  'esbuild, to an ES module': async () => runSound(await esbuild('esm', 'esbuild.mjs')),
  'esbuild, to CommonJS': async () => runSound(await esbuild('cjs', 'esbuild.cjs')),
  'webpack, to an ES module': async () => runSound(await webpack('module', 'webpack.mjs')),
  'webpack, to CommonJS': async () => runSound(await webpack('commonjs2', 'webpack.cjs')),
  'pnpm, with Nest 11 and jest': withPnpm,
  ...Object.fromEntries(
    [20, 24].flatMap((major) => [
      [
        `Yarn's Plug'n'Play on Node ${major}, Nest 11, CommonJS, jest`,
        () => withPlugNPlay('nest11', NODES[major]),
      ],
      [
        `Yarn's Plug'n'Play on Node ${major}, Nest 12, ES modules`,
        () => withPlugNPlay('nest12', NODES[major]),
      ],
    ]),
  ),
};

/** The application that is compiled and bundled, installed for the first that asks. */
const installed = once(install);

/** Yarn is JavaScript, and runs on the Node that is asked about. */
const yarnInstalled = once(async () => {
  const quietly = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  const prefix = join(home, 'yarn-itself');
  await run('npm', ['install', '--prefix', prefix, ...quietly, YARN]);
  return join(prefix, 'node_modules', '@yarnpkg', 'cli-dist', 'bin', 'yarn.js');
});

/** tsc's program of it. */
const compiled = once(async () => {
  await installed();
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], { cwd: folder });
  return 'dist/app.js';
});

const chosen = Object.entries(TOOLS).filter(([name]) => values.only.some((word) => name.includes(word)));
try {
  if (chosen.length === 0) throw new Error(`none of ${Object.keys(TOOLS).join('; ')}`);
  for (const [name, work] of chosen) await attempt(name, work);
} finally {
  rmSync(home, { recursive: true, force: true });
}

function once(work) {
  let result;
  return () => (result ??= work());
}

async function attempt(name, work) {
  try {
    await work();
    console.log(`${name}: sound`);
  } catch (error) {
    console.log(error.output ?? '');
    console.log(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}

async function install() {
  cpSync(join(ROOT, 'scripts', 'tools'), folder, { recursive: true });
  mkdirSync(join(folder, 'src'));
  copyFileSync(join(folder, 'app.ts'), join(folder, 'src', 'app.ts'));
  const quietly = ['--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', '--loglevel=error'];
  await run('npm', ['install', ...quietly, tarball], { cwd: folder });
}

async function runSound(file) {
  sound(await run(process.execPath, [file], { cwd: folder, limitMinutes: 1 }));
}

function sound(output) {
  if (output.trim() !== 'sound') throw new Error(`the program said ${JSON.stringify(output)}`);
}

async function swc() {
  await installed();
  const { code } = require('@swc/core').transformSync(readFileSync(join(folder, 'src', 'app.ts'), 'utf8'), {
    filename: 'app.ts',
    swcrc: false,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
  });
  writeFileSync(join(folder, 'swc.js'), code);
  return 'swc.js';
}

async function esbuild(format, outfile) {
  await compiled();
  await require('esbuild').build({
    entryPoints: [join(folder, 'dist', 'app.js')],
    outfile: join(folder, outfile),
    bundle: true,
    platform: 'node',
    format,
    external: NOT_THERE.flatMap((name) => [name, `${name}/*`]),
    // CommonJS inside of an ES module asks for what only CommonJS has.
    ...(format === 'esm' && {
      banner: {
        js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
      },
    }),
    logLevel: 'silent',
  });
  return outfile;
}

async function webpack(type, filename) {
  await compiled();
  const external = (request) => NOT_THERE.some((name) => request === name || request.startsWith(`${name}/`));
  const compiler = require('webpack')({
    mode: 'development',
    devtool: false,
    target: 'node20',
    context: folder,
    entry: './dist/app.js',
    output: { path: folder, filename, chunkFormat: false, library: { type } },
    ...(type === 'module' && { experiments: { outputModule: true } }),
    externals: [({ request }, done) => (external(request) ? done(null, `commonjs ${request}`) : done())],
    optimization: { splitChunks: false },
    plugins: [new (require('webpack').optimize.LimitChunkCountPlugin)({ maxChunks: 1 })],
  });
  return new Promise((give, fail) => {
    compiler.run((error, stats) => {
      if (error !== null) fail(new Error('webpack did not run', { cause: error }));
      else if (stats.hasErrors()) fail(new Error(stats.toString({ all: false, errors: true })));
      else give(filename);
    });
  });
}

/** An application as `nest new` of Nest 11 makes it, in pnpm's folders of links. */
async function withPnpm() {
  const app = newApplication('nest11');
  const pnpm = (...args) => run('npx', ['-y', PNPM, ...args], { cwd: app });
  await pnpm('add', tarball);
  await pnpm('run', 'build');
  await runSound(join(app, 'dist', 'app.js'));
  await pnpm('test');
}

/** An application as `nest new` makes it, whose packages stay in archives: Yarn tells Node where they are. */
async function withPlugNPlay(nest, version) {
  const app = newApplication(nest);
  // Its own project, whatever is in the folders above; its archives are removed with it.
  writeFileSync(join(app, 'yarn.lock'), '');
  const env = {
    ...(await environmentOf(version)),
    YARN_NODE_LINKER: 'pnp',
    YARN_ENABLE_TELEMETRY: '0',
    YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
    YARN_GLOBAL_FOLDER: join(home, 'yarn'),
    YARN_NPM_REGISTRY_SERVER: (await run('npm', ['config', 'get', 'registry'])).trim(),
  };
  const program = await yarnInstalled();
  const yarn = (...args) => run('node', [program, ...args], { cwd: app, env });
  // vitest's bundler has optional parts for other systems, and Yarn looks for all of them, in whatever registry there is.
  if (nest === 'nest12') withoutTests(app);
  else await yarn('add', '--dev', OF_TS_JEST);
  await yarn('add', `nestjs-memcached@file:${tarball}`);
  await yarn('build');
  sound(await yarn('node', 'dist/app.js'));
  const place = JSON.parse(await yarn('run', 'nestjs-memcached', 'which', 'key', '--json'));
  if (place.server !== '127.0.0.1:11211') throw new Error(`the command line said ${JSON.stringify(place)}`);
  if (nest === 'nest11') await yarn('test');
}

function withoutTests(app) {
  rmSync(join(app, 'src', 'app.spec.ts'));
  edit(join(app, 'package.json'), ({ devDependencies }) => delete devDependencies.vitest);
  edit(join(app, 'tsconfig.json'), ({ compilerOptions }) => (compilerOptions.types = ['node']));
}

function edit(file, change) {
  const content = JSON.parse(readFileSync(file, 'utf8'));
  change(content);
  writeFileSync(file, JSON.stringify(content));
}

/** An application as `nest new` makes it, with a program and a test of ours. */
function newApplication(nest) {
  const app = mkdtempSync(join(home, 'app-'));
  cpSync(join(ROOT, 'scripts', 'newcomer', nest), app, { recursive: true });
  mkdirSync(join(app, 'src'));
  copyFileSync(join(ROOT, 'scripts', 'tools', 'app.ts'), join(app, 'src', 'app.ts'));
  writeFileSync(join(app, 'src', 'app.spec.ts'), SPEC);
  return app;
}
