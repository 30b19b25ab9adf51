import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemcachedServer } from '../../lib/testing/index.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';
import { play } from './conversation.js';
import { CREDENTIALS, embeddedOptions, readTranscripts, realOptions } from './transcript.js';

const sections = [...readTranscripts()].flatMap(([name, parts]) =>
  parts.map((section) => [`${name}: ${section.title}`, section] as const),
);

it('there are hundreds of exchanges to compare by', () => {
  expect(sections.flatMap(([, { exchanges }]) => exchanges).length).toBeGreaterThan(1000);
});

describe('the embedded server answers as the transcripts say', () => {
  it.each(sections)('%s', async (_title, section) => {
    await using server = await MemcachedServer.start(embeddedOptions(section));
    expect(await play(section, server)).toHaveLength(section.exchanges.length);
  });
});

describeReal('a real memcached answers as the transcripts say', () => {
  let folder: string;
  let passwordFile: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'transcripts-'));
    passwordFile = join(folder, 'passwords');
    writeFileSync(passwordFile, `${CREDENTIALS.username}:${CREDENTIALS.password}\n`);
    // The server reads it as nobody.
    chmodSync(folder, 0o755);
    chmodSync(passwordFile, 0o644);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(sections)('%s', async (_title, section) => {
    await using server = await startMemcached(realOptions(section, passwordFile));
    expect(await play(section, server)).toHaveLength(section.exchanges.length);
  });
});
