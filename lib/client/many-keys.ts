import type { Cluster } from '../cluster/cluster.js';
import type { Node } from '../cluster/node.js';
import { ConnectionError, MemcachedError } from '../errors.js';
import { Request } from '../protocol/request.js';
import type { Codec } from './codec/codec.js';
import { ManyReader, type Haul } from './many-reader.js';
import { ManyResult } from './many-result.js';

/** Keys per `get k1 k2 …` line: far below every line limit, and long enough that a line's cost no longer shows. */
const KEYS_PER_LINE = 500;

/** What a many-key read needs of the client. */
export interface ManyKeysClient {
  readonly cluster: Cluster;
  readonly codec: Codec;
  /** A single-key request for the key, which holds its wire form; throws what is wrong with the key. */
  request(key: string): Request;
  /** Sends to one server under the caller's limits. */
  sendTo(node: Node, request: Request): Promise<unknown>;
}

/**
 * Reads many keys, each server's share in lines of many keys.
 *
 * Every key is checked before anything is sent. A key that no classic line can carry travels in a request of its own.
 */
export async function readMany(
  keys: Iterable<string>,
  kind: 'get-many' | 'gets-many',
  client: ManyKeysClient,
): Promise<ManyResult<unknown>> {
  const result = new ManyResult<unknown>();
  const requests = [...new Set(keys)].map((key) => client.request(key));
  const shares = client.cluster.split(requests.map((request) => request.routingKey));
  const parts: Promise<void>[] = [];
  for (const [node, indexes] of shares) {
    const share = indexes.map((index) => requests[index]);
    if (node === undefined) {
      const error = new ConnectionError('no server can take these keys', '', 'not-sent');
      result.failures.push({ server: '', keys: share.map((request) => request.userKey), error });
      continue;
    }
    const inLine = share.filter((request) => !request.binaryKey);
    for (let start = 0; start < inLine.length; start += KEYS_PER_LINE) {
      parts.push(readLine(node, inLine.slice(start, start + KEYS_PER_LINE), kind, client, result));
    }
    for (const request of share) if (request.binaryKey) parts.push(readAlone(node, request, client, result));
  }
  await Promise.all(parts);
  return result;
}

async function readLine(
  node: Node,
  requests: readonly Request[],
  kind: 'get-many' | 'gets-many',
  client: ManyKeysClient,
  result: ManyResult<unknown>,
): Promise<void> {
  const keys = requests.map((request) => request.userKey);
  const fullKeys = requests.map((request) => request.routingKey);
  const line = new Request(kind, '', new ManyReader(client.codec, fullKeys, kind === 'gets-many').read);
  line.keys = requests.map((request) => request.key);
  line.userKeys = keys;
  await noteFailure(result, node.server.id, keys, async () => {
    const haul = (await client.sendTo(node, line)) as Haul | undefined;
    if (haul === undefined) return;
    if (haul.waiting.length > 0) await Promise.all(haul.waiting);
    for (const { index, value } of haul.hits) result.set(keys[index], value);
    for (const { index, error } of haul.unreadable) {
      result.failures.push({ server: node.server.id, keys: [keys[index]], error });
    }
  });
}

async function readAlone(
  node: Node,
  request: Request,
  client: ManyKeysClient,
  result: ManyResult<unknown>,
): Promise<void> {
  await noteFailure(result, node.server.id, [request.userKey], async () => {
    const value = await client.sendTo(node, request);
    if (value !== undefined) result.set(request.userKey, value);
  });
}

/** Turns the failure of one part into an entry of the result; anything but our own errors is the caller's. */
export async function noteFailure(
  result: ManyResult<unknown>,
  server: string,
  keys: readonly string[],
  part: () => Promise<void>,
): Promise<void> {
  try {
    await part();
  } catch (error) {
    if (!(error instanceof MemcachedError)) throw error;
    result.failures.push({ server, keys, error });
  }
}
