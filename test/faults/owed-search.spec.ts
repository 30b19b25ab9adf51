import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { MemcachedClient } from '../../lib/client/client.js';
import { answerOf } from '../support/answering-server.js';
import { ScriptedServer, type Peer } from '../support/scripted-server.js';

const KEYS = ['a', 'b', 'c', 'd'];

/** What is said to the question for all keys, asked for the nth time; nothing for a list of those that are there. */
type OnList = (count: number, peer: Peer) => string | undefined | Promise<string>;

/** A server that was away while more was invalidated than is remembered, and is back. */
class Returned implements AsyncDisposable {
  readonly deleted = new Set<string>();
  /** How often it was asked for its keys. */
  lists = 0;
  /** Keys whose invalidations it refuses. */
  readonly refused = new Set<string>();
  readonly there = new Set(KEYS);
  client!: MemcachedClient;
  #scripted!: ScriptedServer;

  static async start(onList: OnList, version = '1.6.18'): Promise<Returned> {
    const returned = new Returned();
    let isAway = true;
    returned.#scripted = await ScriptedServer.start(async (peer) => {
      if (isAway) return peer.hangUp();
      await peer.answer((line) => {
        if (line === 'version') return `VERSION ${version}\r\n`;
        return line.startsWith('lru_crawler') ? returned.#list(onList, peer) : returned.#answer(line);
      });
    });
    const { address } = returned.#scripted;
    returned.client = new MemcachedClient({ servers: address, commandTimeout: '500ms', maxOwedDeletes: 0 });
    for (const key of KEYS) await returned.client.invalidateKey(key);
    expect(returned.client.topology()[0].owed).toBe(Number.POSITIVE_INFINITY);
    isAway = false;
    // From here on nothing is asked of it, so that nothing but time can have it asked for its keys again.
    while ((await returned.client.get('other').catch(() => 'away')) === 'away')
      await new Promise(setImmediate);
    return returned;
  }

  /** Waits until nothing is owed. */
  async settled(): Promise<void> {
    while (this.client.topology()[0].owed > 0) await wait(5);
  }

  get found(): string[] {
    return [...this.deleted].filter((key) => !key.startsWith('~')).toSorted();
  }

  #list(onList: OnList, peer: Peer): string | undefined {
    this.lists += 1;
    const answer = onList(this.lists, peer);
    const list = (): string => `${[...this.there].map((key) => `key=${key} exp=-1\n`).join('')}END\r\n`;
    if (!(answer instanceof Promise)) return answer ?? list();
    void answer.then(() => peer.send(list()));
    return '';
  }

  #answer(line: string): string {
    const [command, key] = line.split(' ');
    const isDelete = command === 'md' || command === 'delete';
    if (isDelete && this.refused.has(key)) return 'SERVER_ERROR out of memory\r\n';
    if (isDelete) {
      this.deleted.add(key);
      this.there.delete(key);
    }
    if (command === 'delete') return 'DELETED\r\n';
    return command === 'get' ? 'END\r\n' : answerOf(line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.#scripted.close();
  }
}

describe('the search for what is owed among the keys of a server', () => {
  afterEach(() => void jest.restoreAllMocks());

  /** What waits for up to twice as long by chance waits half a second before it searches anew, and then a whole one. */
  function hurry(): void {
    jest.spyOn(Math, 'random').mockReturnValue(1 - Number.EPSILON);
  }

  it.each<[string, OnList]>([
    ['breaks off', (_count, peer) => (peer.hangUp(), '')],
    ['fails for want of memory', () => 'SERVER_ERROR out of memory\r\n'],
    ['falls silent', () => ''],
  ])('is made anew by itself when it %s', async (_what, onFirst) => {
    await using server = await Returned.start((count, peer) =>
      count === 1 ? onFirst(count, peer) : undefined,
    );
    await server.settled();
    expect(server.found).toStrictEqual(KEYS);
    expect(server.lists).toBe(3);
  });

  it('is made anew by itself for what is owed since it began', async () => {
    let go!: () => void;
    const told = new Promise<string>((resolve) => (go = () => resolve('')));
    await using server = await Returned.start((count) => (count === 1 ? told : undefined));
    while (server.lists === 0) await wait(1);
    server.refused.add('late');
    expect(await server.client.invalidateKey('late')).toBe(false);
    server.refused.clear();
    server.there.add('late');
    go();
    await server.settled();
    expect(server.found).toStrictEqual([...KEYS, 'late']);
  });

  it('is left alone where the server says that it lists no keys', async () => {
    hurry();
    await using server = await Returned.start(() => 'CLIENT_ERROR metadump not allowed\r\n');
    while (server.lists === 0) await wait(1);
    await wait(600);
    expect(server.lists).toBe(1);
    expect(server.client.topology()[0].owed).toBe(Number.POSITIVE_INFINITY);
  });

  it('is left alone where a peer hangs up on it in the classic dialect, as proxies do, and does it again', async () => {
    hurry();
    await using server = await Returned.start((_count, peer) => (peer.hangUp(), ''), '1.4.39');
    while (server.lists < 2) await wait(1);
    await wait(1200);
    expect(server.lists).toBe(2);
    // This process reads nothing old all the same.
    await server.client.get('a');
    expect(server.deleted.has('a')).toBe(true);
  });
});
