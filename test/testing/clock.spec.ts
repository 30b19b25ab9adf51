import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemcachedServer } from '../../lib/testing/index.js';
import { Conversation } from './conversation.js';

describe('the clock of the embedded server', () => {
  let now: number;
  let server: MemcachedServer;
  let conversation: Conversation;

  async function say(request: string, lines = 1): Promise<string> {
    conversation.send(`${request}\r\n`);
    return (await conversation.take(lines)).trimEnd();
  }

  beforeEach(async () => {
    now = 1_800_000_000_500;
    server = await MemcachedServer.start({ now: () => now });
    conversation = await Conversation.open(server);
  });

  afterEach(async () => {
    conversation.close();
    await server.close();
  });

  it('lets an item live for exactly its ttl', async () => {
    await say('set k 0 1 1\r\nx');
    now += 999;
    expect(await say('get k', 3)).toContain('VALUE');
    now += 1;
    expect(await say('get k')).toBe('END');
  });

  it('shows the seconds that are left, and -1 for ever', async () => {
    await say('ms k 1 T60\r\nx');
    expect(await say('mg k t')).toBe('HD t60');
    now += 1000;
    expect(await say('mg k t')).toBe('HD t59');
    now += 58_001;
    expect(await say('mg k t')).toBe('HD t1');
    await say('touch k 0');
    expect(await say('mg k t')).toBe('HD t-1');
  });

  it('takes what is above 30 days for a Unix time', async () => {
    await say('set k 0 1800000010 1\r\nx');
    now = 1_800_000_009_999;
    expect(await say('mg k v', 2)).toBe('VA 1\r\nx');
    now = 1_800_000_010_000;
    expect(await say('mg k v')).toBe('EN');
  });

  it('keeps 30 days relative', async () => {
    await say('set k 0 2592000 1\r\nx');
    now += 2_592_000_000 - 1;
    expect(await say('mg k')).toBe('HD');
    now += 1;
    expect(await say('mg k')).toBe('EN');
  });

  it('ends a lease, and the next reader wins a new one', async () => {
    expect(await say('mg k N30 v', 2)).toBe('VA 0 W');
    now += 29_999;
    expect(await say('mg k N30 v', 2)).toBe('VA 0 Z');
    now += 1;
    expect(await say('mg k N30 v', 2)).toBe('VA 0 W');
  });

  it('asks for an early refresh as soon as less than R is left, and one reader only', async () => {
    await say('ms k 1 T60\r\nx');
    now += 30_000;
    expect(await say('mg k t R30')).toBe('HD t30');
    now += 1000;
    expect(await say('mg k t R30')).toBe('HD t29 W');
    expect(await say('mg k t R30')).toBe('HD t29 Z');
  });

  it('ends the time of a stale value', async () => {
    await say('ms k 1 T300\r\nx');
    await say('md k I T30');
    now += 29_999;
    expect(await say('mg k t')).toBe('HD t1 X W');
    now += 1;
    expect(await say('mg k t')).toBe('EN');
  });

  it('measures from the touch on', async () => {
    await say('set k 0 10 1\r\nx');
    now += 9000;
    expect(await say('touch k 10')).toBe('TOUCHED');
    now += 9999;
    expect(await say('gat 100 k', 3)).toContain('VALUE');
    now += 99_999;
    expect(await say('mg k')).toBe('HD');
    now += 1;
    expect(await say('touch k 10')).toBe('NOT_FOUND');
  });

  it('flushes when the delay is over, and only what was stored until then', async () => {
    await say('set old 0 0 1\r\nx');
    await say('flush_all 10');
    now += 9999;
    expect(await say('mg old')).toBe('HD');
    await say('set young 0 0 1\r\nx');
    now += 1;
    expect(await say('mg old')).toBe('EN');
    expect(await say('mg young')).toBe('EN');
    await say('set young 0 0 1\r\nx');
    now += 100_000;
    expect(await say('mg young')).toBe('HD');
  });

  it('forgets a delayed flush when another one comes', async () => {
    await say('flush_all 10');
    await say('flush_all 100');
    await say('set k 0 0 1\r\nx');
    now += 50_000;
    expect(await say('mg k')).toBe('HD');
    await say('flush_all 0');
    await say('set k 0 0 1\r\nx');
    now += 100_000;
    expect(await say('mg k')).toBe('HD');
  });

  it('tells how long ago an item was fetched', async () => {
    await say('ms k 1\r\nx');
    now += 5000;
    expect(await say('mg k h l u')).toBe('HD h0 l5');
    expect(await say('mg k h l')).toBe('HD h0 l5');
    now += 2000;
    expect(await say('mg k h l')).toBe('HD h1 l2');
    expect(await say('me k')).toMatch(/^ME k exp=-1 la=0 /);
  });

  it('stays while what it holds grows older', async () => {
    await say('ms k 1 T60\r\nx');
    await say('ms far 1 T1800000100\r\nx');
    await say('ms ever 1\r\nx');
    server.age(59_000);
    expect(await say('mg k t h l u')).toBe('HD t1 h0 l59');
    expect(await say('stats\r\nmn', 80)).toContain('STAT time 1800000000\r\n');
    await say('flush_all 10');
    server.age(9000);
    expect(await say('mg k')).toBe('EN');
    expect(await say('mg far t')).toBe('HD t32');
    expect(await say('mg ever t')).toBe('HD t-1');
    server.age(1000);
    expect(await say('mg ever')).toBe('EN');
  });

  it('shows in stats', async () => {
    now += 100_000;
    const stats = await say('stats\r\nmn', 80);
    expect(stats).toContain('STAT uptime 100\r\n');
    expect(stats).toContain('STAT time 1800000100\r\n');
  });

  it('does not let items that nobody asks for pile up', async () => {
    for (let round = 0; round < 10; round++) {
      let batch = '';
      for (let index = 0; index < 1000; index++) batch += `set r${round}-${index} 0 1 1 noreply\r\nx\r\n`;
      await say(`${batch}mn`);
      now += 2000;
    }
    const stats = await say('stats', 80);
    expect(Number(/STAT total_items (\d+)/.exec(stats)?.[1])).toBe(10_000);
    expect(stats).toContain('STAT curr_items 0\r\n');
    expect(stats).toContain('STAT bytes 0\r\n');
  });
});
