import type { Node } from '../cluster/node.js';
import { ConnectionError, MemcachedError, ServerError } from '../errors.js';
import { checkedKeys } from '../options/entries.js';
import { Request } from '../protocol/request.js';
import type { ReadBudget } from './codec/read-budget.js';
import type { ReadOptions } from './command-options.js';
import type { Dispatcher } from './dispatcher.js';
import { ManyReader, NOTHING, UNREAD, type ItemsFound } from './many-reader.js';
import { ManyResult } from './many-result.js';
import type { RequestMaker } from './request-maker.js';

/** Keys per `get k1 k2 …` line: far below every line limit, and long enough that a line's cost no longer shows. */
const KEYS_PER_LINE = 500;

/** Keys of one server, in the forms that are needed of each. */
interface Keys {
  readonly userKeys: readonly string[];
  readonly fullKeys: readonly string[];
  readonly wireKeys: readonly string[];
}

/** The keys that go into one line each. */
function linesOf(keys: Keys): Keys[] {
  const { userKeys, fullKeys, wireKeys } = keys;
  if (userKeys.length <= KEYS_PER_LINE) return userKeys.length === 0 ? [] : [keys];
  const lines: Keys[] = [];
  for (let start = 0; start < userKeys.length; start += KEYS_PER_LINE) {
    const end = start + KEYS_PER_LINE;
    lines.push({
      userKeys: userKeys.slice(start, end),
      fullKeys: fullKeys.slice(start, end),
      wireKeys: wireKeys.slice(start, end),
    });
  }
  return lines;
}

/** The keys that one server is asked for. */
class Share implements Keys {
  readonly userKeys: string[] = [];
  readonly fullKeys: string[];
  readonly wireKeys: string[];

  /** @param alike whether each key has one form only, so that one list of them will do. */
  constructor(alike: boolean) {
    this.fullKeys = alike ? this.userKeys : [];
    this.wireKeys = alike ? this.userKeys : [];
  }
}

/** One many-key read. */
interface Reading {
  readonly kind: 'get-many' | 'gets-many';
  /** What is left of the call's limits. */
  readonly options: ReadOptions | undefined;
  readonly requests: RequestMaker;
  readonly dispatcher: Dispatcher;
  /** Sends in what is left of the call's time. */
  readonly send: (request: Request, node: Node) => Promise<unknown>;
  readonly result: ManyResult<unknown>;
  /** What all the values may come to. */
  readonly budget: ReadBudget;
}

/**
 * Reads many keys, each server's share in lines of many keys.
 *
 * Every key is checked before anything is sent.
 */
export async function readMany<Value>(
  keys: Iterable<string>,
  kind: 'get-many' | 'gets-many',
  options: ReadOptions | undefined,
  requests: RequestMaker,
  dispatcher: Dispatcher,
): Promise<ManyResult<Value>> {
  const limits = await dispatcher.ready(kind, options);
  const read: Reading = {
    kind,
    options: limits,
    requests,
    dispatcher,
    send: dispatcher.within(limits),
    result: new ManyResult(),
    budget: requests.budget(),
  };
  const parts: Promise<void>[] = [];
  for (const [node, share] of sharesOf(keys, read)) {
    if (node === undefined) {
      const error = new ConnectionError('no server can take these keys', '', 'not-sent');
      read.result.failures.push({ server: '', keys: share.userKeys, error });
      continue;
    }
    for (const keys of linesOf(share)) parts.push(readLine(node, keys, read));
  }
  await Promise.all(parts);
  return read.result as ManyResult<Value>;
}

/**
 * Splits the keys, each once, by the node that takes them now; under `undefined` those that no server can take. Throws what is
 * wrong with a key.
 */
function sharesOf(
  keys: Iterable<string>,
  { kind, requests, dispatcher }: Reading,
): Map<Node | undefined, Keys> {
  const userKeys = [...new Set(checkedKeys(keys, kind === 'get-many' ? 'getMany' : 'getsMany'))];
  const fullKeys = requests.fullKeys(userKeys);
  const wireKeys = requests.wireKeys(fullKeys);
  const nodes = dispatcher.nodesFor(fullKeys);
  if (nodes.length > 0 && nodes.every((node) => node === nodes[0]))
    return new Map([[nodes[0], { userKeys, fullKeys, wireKeys }]]);
  const alike = wireKeys === userKeys;
  const shares = new Map<Node | undefined, Share>();
  let lastNode: Node | undefined;
  let share: Share | undefined;
  for (let index = 0; index < userKeys.length; index += 1) {
    const node = nodes[index];
    if (share === undefined || node !== lastNode) {
      lastNode = node;
      share = shares.get(node);
      if (share === undefined) shares.set(node, (share = new Share(alike)));
    }
    share.userKeys.push(userKeys[index]);
    if (alike) continue;
    share.fullKeys.push(fullKeys[index]);
    share.wireKeys.push(wireKeys[index]);
  }
  return shares;
}

async function readLine(node: Node, keys: Keys, read: Reading): Promise<void> {
  const { kind, options, requests, result, budget } = read;
  const { userKeys } = keys;
  const { codec } = requests.readersFor(options);
  const reader = new ManyReader(codec, keys.fullKeys, kind === 'gets-many', budget);
  const line = new Request(kind, '', reader.read);
  line.ownDetails().keys = keys.wireKeys;
  line.keyIsChecked = true;
  line.ownDetails().userKeys = userKeys;
  try {
    const found = (await read.send(line, node)) as ItemsFound | undefined;
    if (found === undefined) return;
    if (found.waiting.length > 0) await Promise.all(found.waiting);
    if (found.doubtful.length > 0) {
      await readEach(
        node,
        found.doubtful.map((index) => userKeys[index]),
        read,
      );
    }
    for (let index = 0; index < userKeys.length; index += 1) {
      const value = found.values[index];
      if (value !== NOTHING && value !== UNREAD) result.set(userKeys[index], value);
    }
    for (const { index, error } of found.unreadable) {
      result.failures.push({ server: node.server.id, keys: [userKeys[index]], error });
    }
  } catch (error) {
    if (!(error instanceof ServerError) || userKeys.length === 1) {
      noteFailure(result, node, userKeys, error);
      return;
    }
    // A proxy refuses the whole line for the sake of one server that is away; alone, the keys of the others are found. It
    // waits once more for that server, and the others' answers wait behind.
    await readEach(node, userKeys, { ...read, send: read.dispatcher.within(options) });
  }
}

async function readEach(node: Node, userKeys: readonly string[], read: Reading): Promise<void> {
  await Promise.all(userKeys.map((key) => readAlone(node, singleRead(key, read), read)));
}

function singleRead(userKey: string, { kind, requests, options }: Reading): Request {
  return requests.make(kind === 'gets-many' ? 'gets' : 'get', userKey, options);
}

async function readAlone(node: Node, request: Request, read: Reading): Promise<void> {
  try {
    const value = await read.send(request, node);
    if (value !== undefined) read.result.set(request.userKey, value);
  } catch (error) {
    noteFailure(read.result, node, [request.userKey], error);
  }
}

/** Makes the failure of one part an entry of the result; anything but our own errors is the caller's. */
function noteFailure(result: ManyResult<unknown>, node: Node, keys: readonly string[], error: unknown): void {
  if (!(error instanceof MemcachedError)) throw error;
  result.failures.push({ server: node.server.id, keys, error });
}
