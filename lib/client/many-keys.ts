import type { Cluster } from '../cluster/cluster.js';
import type { Node } from '../cluster/node.js';
import { ConnectionError, MemcachedError } from '../errors.js';
import { Request } from '../protocol/request.js';
import { isPlainKey } from '../protocol/wire-key.js';
import type { Codec } from './codec/codec.js';
import { ManyReader, NOTHING, type Haul } from './many-reader.js';
import { ManyResult } from './many-result.js';

/** Keys per `get k1 k2 …` line: far below every line limit, and long enough that a line's cost no longer shows. */
const KEYS_PER_LINE = 500;

/** What a many-key read needs of the client. */
export interface ManyKeysClient {
  readonly cluster: Cluster;
  readonly codec: Codec;
  /** The key with its prefix; throws if it is none. */
  fullKey(key: string): string;
  /** A single-key request for the key, which holds its wire form; throws what is wrong with the key. */
  request(key: string): Request;
  /** Sends to one server under the caller's limits. */
  sendTo(node: Node, request: Request): Promise<unknown>;
}

/** The keys that one server is asked for, in the forms that are needed of each. */
class Share {
  readonly userKeys: string[] = [];
  readonly fullKeys: string[] = [];
  readonly wireKeys: string[] = [];
  /** Keys that no classic line can carry. */
  readonly alone: Request[] = [];

  /** Adds a key; throws what is wrong with it. */
  add(userKey: string, fullKey: string, client: ManyKeysClient): void {
    let wireKey = fullKey;
    if (!isPlainKey(fullKey)) {
      const request = client.request(userKey);
      if (request.binaryKey) {
        this.alone.push(request);
        return;
      }
      wireKey = request.key;
    }
    this.userKeys.push(userKey);
    this.fullKeys.push(fullKey);
    this.wireKeys.push(wireKey);
  }
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
  const parts: Promise<void>[] = [];
  for (const [node, share] of sharesOf(keys, client)) {
    if (node === undefined) {
      const error = new ConnectionError('no server can take these keys', '', 'not-sent');
      const unasked = [...share.userKeys, ...share.alone.map((request) => request.userKey)];
      result.failures.push({ server: '', keys: unasked, error });
      continue;
    }
    for (let start = 0; start < share.userKeys.length; start += KEYS_PER_LINE) {
      parts.push(readLine(node, share, start, kind, client, result));
    }
    for (const request of share.alone) parts.push(readAlone(node, request, client, result));
  }
  await Promise.all(parts);
  return result;
}

/** Splits the keys, each once, by the node that takes them now; under `undefined` those that no server can take. */
function sharesOf(keys: Iterable<string>, client: ManyKeysClient): Map<Node | undefined, Share> {
  const shares = new Map<Node | undefined, Share>();
  let lastNode: Node | undefined;
  let share: Share | undefined;
  for (const key of new Set(keys)) {
    const fullKey = client.fullKey(key);
    const node = client.cluster.nodeFor(fullKey);
    if (share === undefined || node !== lastNode) {
      lastNode = node;
      share = shares.get(node);
      if (share === undefined) shares.set(node, (share = new Share()));
    }
    share.add(key, fullKey, client);
  }
  return shares;
}

async function readLine(
  node: Node,
  share: Share,
  start: number,
  kind: 'get-many' | 'gets-many',
  client: ManyKeysClient,
  result: ManyResult<unknown>,
): Promise<void> {
  const end = start + KEYS_PER_LINE;
  const userKeys = share.userKeys.slice(start, end);
  const reader = new ManyReader(client.codec, share.fullKeys.slice(start, end), kind === 'gets-many');
  const line = new Request(kind, '', reader.read);
  line.keys = share.wireKeys.slice(start, end);
  line.userKeys = userKeys;
  try {
    const haul = (await client.sendTo(node, line)) as Haul | undefined;
    if (haul === undefined) return;
    if (haul.waiting.length > 0) await Promise.all(haul.waiting);
    for (let index = 0; index < userKeys.length; index += 1) {
      const value = haul.values[index];
      if (value !== NOTHING) result.set(userKeys[index], value);
    }
    for (const { index, error } of haul.unreadable) {
      result.failures.push({ server: node.server.id, keys: [userKeys[index]], error });
    }
  } catch (error) {
    noteFailure(result, node.server.id, userKeys, error);
  }
}

async function readAlone(
  node: Node,
  request: Request,
  client: ManyKeysClient,
  result: ManyResult<unknown>,
): Promise<void> {
  try {
    const value = await client.sendTo(node, request);
    if (value !== undefined) result.set(request.userKey, value);
  } catch (error) {
    noteFailure(result, node.server.id, [request.userKey], error);
  }
}

/** Makes the failure of one part an entry of the result; anything but our own errors is the caller's. */
export function noteFailure(
  result: ManyResult<unknown>,
  server: string,
  keys: readonly string[],
  error: unknown,
): void {
  if (!(error instanceof MemcachedError)) throw error;
  result.failures.push({ server, keys, error });
}
