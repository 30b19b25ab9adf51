import { describe, expect, it } from '@jest/globals';
import { ScriptedServer } from '../support/scripted-server.js';
import { Opened, outcome } from './opened.js';

type Asked = [Parameters<Opened['ask']>[0], Parameters<Opened['ask']>[2]];

const DAY = 24 * 60 * 60;

/** What a client writes to a server whose clock is so far ahead of its own. @param exptime by the client's clock. */
async function written(
  aheadSeconds: number | undefined,
  exptime: number,
  [kind, details]: Asked = ['touch', { exptime }],
): Promise<string> {
  const lines: string[] = [];
  await using server = await ScriptedServer.start((peer) =>
    peer.answer((line) => {
      if (line === 'version') return 'VERSION 1.6.18\r\n';
      if (line === 'mn') return 'MN\r\n';
      if (line === 'stats' && aheadSeconds !== undefined) {
        return `STAT pid 1\r\nSTAT uptime 60\r\nSTAT time ${now() + aheadSeconds}\r\nEND\r\n`;
      }
      if (line.startsWith('stats')) return 'ERROR\r\n';
      lines.push(line);
      return undefined;
    }),
  );
  const opened = new Opened(server.address);
  await opened.ready;
  const asked = outcome(opened.ask(kind, 'k', details));
  while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
  opened.connection.close();
  await asked;
  return lines[0];
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function exptimeOf(line: string): number {
  return Number(/ T(\d+)/.exec(line)?.[1]);
}

describe('a time of day, as an item gets it that lives for more than 30 days', () => {
  it.each([-40, -1, 5, 400])('is one of the server, whose clock is %i days ahead', async (days) => {
    const exptime = now() + 31 * DAY;
    const there = exptimeOf(await written(days * DAY, exptime));
    expect(Math.abs(there - exptime - days * DAY)).toBeLessThan(30);
  });

  it('is one of the server for a lease, and for the right to refresh, too', async () => {
    const moment = now() + 31 * DAY;
    const asked: Asked = ['lease-get', { leaseExptime: moment, recacheExptime: moment }];
    const [, lease, recache] = / N(\d+) R(\d+)/.exec(await written(5 * DAY, moment, asked)) ?? [];
    expect(recache).toBe(lease);
    expect(Math.abs(Number(lease) - moment - 5 * DAY)).toBeLessThan(30);
  });

  it.each([
    ['whose clock is right', 0],
    ['that does not tell the time', undefined],
  ])('is the one of this process with a server %s', async (_, aheadSeconds) => {
    const exptime = now() + 31 * DAY;
    expect(exptimeOf(await written(aheadSeconds, exptime))).toBe(exptime);
  });

  it.each([0, 60, 30 * DAY])('does not concern %i seconds from now', async (exptime) => {
    expect(exptimeOf(await written(40 * DAY, exptime))).toBe(exptime);
  });
});
