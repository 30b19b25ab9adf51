import { Logger } from '@nestjs/common';
import type { NodeEvent } from '../client/events.js';
import type { MemcachedClient } from '../client/client.js';
import type { Failover } from '../options/client-options.js';
import { logContextOf } from './instance/module-name.js';
import { unixMs } from '../unix-time.js';

const MEANWHILE: Readonly<Record<Failover, string>> = {
  error: 'commands for its keys fail at once, cached methods run uncached',
  miss: 'reads of its keys miss and writes are dropped',
  next: 'other servers take its keys',
};

/**
 * Writes changes to Nest's log: a server that goes down, once, with the reason and what happens now; one that is back;
 * a list of servers that changed or could not be asked for. Never a line per request, never a value.
 */
export function logNodes(client: MemcachedClient, failover: Failover, instance: string): void {
  const logger = new Logger(logContextOf(instance));
  const downSince = new Map<string, number>();

  client.on('node', ({ server, state, error }: NodeEvent) => {
    if (state === 'down') {
      downSince.set(server, unixMs());
      const up = client.topology().filter((node) => node.state === 'up').length;
      logger.warn(
        `${server} is down: ${reason(server, error)}. Until it is back, ${MEANWHILE[failover]}; ` +
          `${up} of ${client.topology().length} servers are up.`,
      );
    }
    const since = downSince.get(server);
    if (state === 'up' && since !== undefined) {
      downSince.delete(server);
      logger.log(`${server} is up again, after ${((unixMs() - since) / 1000).toFixed(1)} s.`);
    }
  });
  client.on('servers', ({ added, removed }) => {
    const came = added.length > 0 ? [`new: ${added.join(', ')}`] : [];
    const went = removed.length > 0 ? [`gone: ${removed.join(', ')}`] : [];
    logger.log(`The list of servers has changed; ${[...came, ...went].join('; ')}.`);
  });
  client.on('discoveryFailed', (error) => {
    logger.warn(`The list of servers could not be asked for, the last one stays: ${error.message}`);
  });
}

/** The innermost cause, without the server's name, which the line begins with. */
function reason(server: string, error: Error | undefined): string {
  let root = error;
  while (root?.cause instanceof Error && root.cause.message !== '') root = root.cause;
  return root?.message.replace(`${server}: `, '') ?? 'it does not answer';
}
