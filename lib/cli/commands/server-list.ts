import { ConnectionError } from '../../errors.js';
import { type Invocation, UsageError } from '../command.js';

/**
 * Waits for the list of servers, where it has to be asked for.
 *
 * @throws {ConnectionError} where there is none.
 */
export async function listServers({ client, ended }: Invocation): Promise<void> {
  if (client.topology().length > 0) return;
  await client.version({ signal: ended });
  if (client.topology().length === 0)
    throw new ConnectionError('discovery has found no server', '', 'not-sent');
}

/**
 * The servers that the flag `--down` takes as out.
 *
 * @throws {UsageError} for one that is none of the list.
 */
export function downServers({ client, flags }: Invocation): readonly string[] {
  const down = (flags.down ?? []) as readonly string[];
  for (const server of down)
    checkServer(
      'down',
      server,
      client.topology().map((node) => node.server),
    );
  return down;
}

/** @throws {UsageError} for a server that a flag names, and that is none of the list. */
export function checkServer(flag: string, server: string, known: readonly string[]): void {
  if (known.includes(server)) return;
  throw new UsageError(`--${flag}: '${server}' is none of ${known.join(', ')}; write it with its port`);
}
