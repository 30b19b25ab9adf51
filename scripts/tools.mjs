/**
 * `node scripts/tools.mjs TARBALL`: the package, compiled and bundled by what people compile and bundle with (swc, esbuild
 * and webpack, to ES modules and to CommonJS), and installed by pnpm, whose folders are laid out otherwise.
 *
 * Part of `npm run check -- --matrix`. Ends with status 1 when a result did not run.
 */
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ROOT, run } from './command.mjs';

const PNPM = 'pnpm@10.20.0';

/** What Nest loads if it is there, and this application has not. */
const NOT_THERE = [
  '@nestjs/microservices',
  '@nestjs/websockets',
  '@nestjs/platform-express',
  'class-transformer',
  'class-validator',
];

const [argument] = process.argv.slice(2);
if (argument === undefined) {
  console.error('usage: node scripts/tools.mjs TARBALL');
  process.exit(2);
}
const tarball = resolve(argument);
const folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-tools-'));
const require = createRequire(join(folder, 'package.json'));

/** What jest runs in pnpm's folders. */
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

/** How each makes a program of the application: gives the file to run. */
const TOOLS = {
  tsc: async () => {
    await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], { cwd: folder });
    return 'dist/app.js';
  },
  swc: async () => {
    const { transformSync } = require('@swc/core');
    const { code } = transformSync(readFileSync(join(folder, 'src', 'app.ts'), 'utf8'), {
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
  },
  // Bundlers take what tsc has written: they know nothing of the types of parameters.
  'esbuild, to an ES module': () => esbuild('esm', 'esbuild.mjs'),
  'esbuild, to CommonJS': () => esbuild('cjs', 'esbuild.cjs'),
  'webpack, to an ES module': () => webpack('module', 'webpack.mjs'),
  'webpack, to CommonJS': () => webpack('commonjs2', 'webpack.cjs'),
};

try {
  await install();
  for (const [name, make] of Object.entries(TOOLS)) await attempt(name, async () => runSound(await make()));
  await attempt('pnpm, with Nest 11 and jest', withPnpm);
} finally {
  rmSync(folder, { recursive: true, force: true });
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
  const output = await run(process.execPath, [file], { cwd: folder, limitMinutes: 1 });
  if (output.trim() !== 'sound') throw new Error(`${file} said ${JSON.stringify(output)}`);
}

async function esbuild(format, outfile) {
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

function webpack(type, filename) {
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
  const app = join(folder, 'pnpm');
  cpSync(join(ROOT, 'scripts', 'newcomer', 'nest11'), app, { recursive: true });
  mkdirSync(join(app, 'src'));
  copyFileSync(join(folder, 'app.ts'), join(app, 'src', 'app.ts'));
  writeFileSync(join(app, 'src', 'app.spec.ts'), SPEC);
  const pnpm = (...args) => run('npx', ['-y', PNPM, ...args], { cwd: app });
  await pnpm('add', tarball);
  await pnpm('run', 'build');
  await runSound(join('pnpm', 'dist', 'app.js'));
  await pnpm('test');
}
