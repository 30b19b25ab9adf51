import type { MemcachedClient } from '../../client/client.js';
import type { NodeStatus } from '../../client/server-commands.js';
import type { ManyResult } from '../../client/many-result.js';
import type { MemcachedError } from '../../errors.js';
import type { Invocation } from '../command.js';
import { printable, type Row } from '../table.js';

/** The answers of a command to all servers, in the order of the list. */
export async function answers<Value>(
  client: MemcachedClient,
  ask: (client: MemcachedClient) => Promise<ManyResult<Value>>,
): Promise<Answer<Value>[]> {
  const result = await ask(client);
  const found = client.topology().map((node): Answer<Value> | undefined => {
    const failure = result.failures.find(({ server }) => server === node.server);
    if (failure !== undefined) return { ...node, error: failure.error };
    // A server that has just been found was not asked.
    return result.has(node.server) ? { ...node, value: result.get(node.server)! } : undefined;
  });
  return found.filter((answer) => answer !== undefined);
}

/** What one server said, or why it did not. */
export type Answer<Value> = NodeStatus & ({ readonly value: Value } | { readonly error: MemcachedError });

/** The exit code: 0, or 1 where somebody did not answer. */
export function exitCode(all: readonly Answer<unknown>[]): number {
  return all.some((answer) => 'error' in answer) ? 1 : 0;
}

/** A row of a table that says why a server did not answer. @param more what is to be said besides. */
export function problemRow(call: Invocation, server: string, error: MemcachedError, more = ''): Row {
  return { first: server, instead: call.terminal.style('red', `${problemText(server, error)}${more}`) };
}

/** A row for programs that says the same. */
export function problemJson(server: string, { code, message }: MemcachedError): object {
  return { server, error: { code, message } };
}

/** Why a server did not answer, without what stands beside it anyway: the command, the server, and that it is down. */
export function problemText(server: string, { message }: Error): string {
  const [, why = message] = / is down \((.*)\)$/s.exec(message) ?? [];
  return printable(why.replaceAll(`${server}: `, '').replaceAll(` on ${server}`, ''));
}
