import { expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { MemcachedClient } from '../../lib/client/client.js';
import { ScriptedServer } from '../support/scripted-server.js';

it('a peer that tells no version is used again after it has been slow once', async () => {
  let gets = 0;
  await using server = await ScriptedServer.start((peer) =>
    peer.answer((line) => {
      if (line === 'version') return 'VERSION \r\n';
      gets += 1;
      if (gets > 1) return 'END\r\n';
      void wait(400).then(() => peer.send('END\r\n'));
      return '';
    }),
  );
  await using client = new MemcachedClient({ servers: server.address, commandTimeout: '200ms' });
  await expect(client.get('k')).rejects.toMatchObject({ code: 'MEMCACHED_TIMEOUT' });
  while ((await client.get('k').catch(() => 'away')) === 'away') await wait(5);
});

it('a peer that tells no version gets what it is owed before its keys are read', async () => {
  const heard: string[][] = [];
  await using server = await ScriptedServer.start(async (peer) => {
    const lines: string[] = [];
    const connection = heard.push(lines);
    await peer.answer((line) => {
      if (line === 'version') return 'VERSION \r\n';
      if (line !== 'get ~near') lines.push(line);
      if (!line.startsWith('delete ')) return 'END\r\n';
      if (connection === 1) peer.hangUp();
      // The first round fails and is followed by a pause, in which the key is read.
      return lines.length === 1 ? 'SERVER_ERROR busy\r\n' : 'DELETED\r\n';
    });
  });
  await using client = new MemcachedClient({ servers: server.address });
  await client.get('other');
  expect(await client.invalidateKey('k')).toBe(false);
  await client.get('k');
  await client.get('k');
  expect(heard[1].slice(0, 4)).toStrictEqual(['delete k', 'get k', 'delete k', 'get k']);
});
