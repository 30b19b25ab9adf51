/**
 * `npm run newest-peers`: installs the newest version of every peer, whatever package.json says, and leaves no trace in it.
 * The nightly run does so, since a peer that breaks us does not ask before.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from '../command.mjs';

const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
/** Come in the same version as Nest itself. */
const OF_NEST = [
  '@nestjs/testing',
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  '@nestjs/terminus',
];
const newest = [...Object.keys(peerDependencies), ...OF_NEST].map((name) => `${name}@latest`);

await run('npm', ['install', '--no-save', '--legacy-peer-deps', '--no-audit', '--no-fund', ...newest], {
  live: true,
});
