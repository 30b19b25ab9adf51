import type { Cluster } from '../cluster/cluster.js';
import type { EpochNames } from '../cluster/epoch-names.js';
import type { Node } from '../cluster/node.js';
import { ConnectionError, ServerError } from '../errors.js';
import { latin1 } from '../protocol/reply-fields.js';
import { Request, unexpectedReply, type ReplyReader, type RequestKind } from '../protocol/request.js';
import type { Dispatcher } from './dispatcher.js';
import { readDone } from './readers.js';
import type { RequestMaker } from './request-maker.js';

/**
 * The items by which near caches are told of changes, each on the server of the keys it is about: the mark that there are near
 * caches, and the epochs, one of which each key has.
 */
export class ServerEpochs {
  readonly #cluster: Cluster;
  readonly #dispatcher: Dispatcher;
  readonly #requests: RequestMaker;
  readonly #names: EpochNames;

  constructor(cluster: Cluster, dispatcher: Dispatcher, requests: RequestMaker, names: EpochNames) {
    this.#cluster = cluster;
    this.#dispatcher = dispatcher;
    this.#requests = requests;
    this.#names = names;
  }

  /** To be called while a key is changed by something else than `invalidateKey`, which sees to this itself. */
  changing(key: string): void {
    this.#cluster.askForMark(this.#requests.fullKey(key));
  }

  /**
   * To be called once it has changed.
   *
   * @returns undefined where nobody is to be told, otherwise what resolves when those who hold copies will notice, or when it
   *   is owed to the server.
   */
  changed(key: string): Promise<void> | undefined {
    const full = this.#requests.fullKey(key);
    return this.#cluster.bumpEpoch(full, this.#requests.wireKey(full));
  }

  /** The server of a key, while that answers for it itself, and the key's epoch there. */
  placeOf(key: string): { readonly server: string; readonly shard: number } | undefined {
    const full = this.#requests.fullKey(key);
    const server = this.#cluster.serverFor(full);
    if (server === undefined || this.#nodeOf(server.id)?.state !== 'up') return undefined;
    return { server: server.id, shard: this.#names.shardOf(this.#requests.wireKey(full)) };
  }

  /** Whether the server of a key tells everything of an item without its bytes. */
  tellsAll(key: string): boolean {
    return this.#cluster.nodeFor(this.#requests.fullKey(key))?.dialect === 'meta';
  }

  /** Tells whenever keys may have got other servers. */
  onMove(listener: () => void): void {
    this.#cluster.onMove(listener);
  }

  /** Tells of each change that was owed to a server and has been made by now; which it was is not known any more. */
  onDelivered(listener: () => void): void {
    this.#cluster.onDelivered(listener);
  }

  /** The mark of a server and some of its epochs; undefined for each that is not there, `''` for one that cannot be asked for. */
  async read(
    server: string,
    shards: readonly number[],
  ): Promise<{ readonly mark: string | undefined; readonly epochs: readonly (string | undefined)[] }> {
    const node = this.#node(server);
    const keys = [this.#names.mark, ...shards.map((shard) => this.#names.of(shard))];
    const texts = await this.#readMany(node, keys);
    const [mark, ...epochs] = keys.map((key) => texts.get(key));
    return { mark, epochs };
  }

  /** Puts an epoch where there is none. @returns whether it was put there. */
  addEpoch(server: string, shard: number, epoch: string): Promise<boolean> {
    return this.#add(server, this.#names.of(shard), epoch, 0);
  }

  /** Puts a mark where there is none, for so many seconds. @returns whether it was put there. */
  addMark(server: string, mark: string, seconds: number): Promise<boolean> {
    return this.#add(server, this.#names.mark, mark, seconds);
  }

  /** Has a mark last for so many seconds from now. */
  async keepMark(server: string, seconds: number): Promise<void> {
    const touch = this.#request('renew', this.#names.mark, readDone);
    touch.exptime = seconds;
    await this.#dispatcher.send(touch, undefined, this.#node(server));
  }

  /** Seconds that a server's mark has left, by its clock; undefined where it cannot tell. */
  async markSeconds(server: string): Promise<number | undefined> {
    const node = this.#node(server);
    if (node.dialect !== 'meta') return undefined;
    const look = this.#request('lease-get', this.#names.mark, ({ status, ttlSeconds }) =>
      status === 'ok' && ttlSeconds >= 0 ? ttlSeconds : undefined,
    );
    look.ownDetails().withoutValue = true;
    return (await this.#dispatcher.send(look, undefined, node)) as number | undefined;
  }

  async #readMany(node: Node, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    try {
      const request = this.#request('get-many', '', readTexts);
      request.ownDetails().keys = keys;
      request.keyIsChecked = true;
      return (await this.#dispatcher.send(request, undefined, node)) as Texts;
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      // A proxy refuses all for the sake of one of its servers that is away.
      return this.#readEach(node, keys);
    }
  }

  async #readEach(node: Node, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const texts = new Map<string, string>();
    const results = await Promise.allSettled(
      keys.map(async (key) => {
        const request = this.#request('get', key, readText);
        const text = (await this.#dispatcher.send(request, undefined, node)) as string | undefined;
        if (text !== undefined) texts.set(key, text);
      }),
    );
    results.forEach(({ status }, index) => {
      if (status === 'rejected') texts.set(keys[index], '');
    });
    return texts;
  }

  async #add(server: string, wireKey: string, text: string, seconds: number): Promise<boolean> {
    const add = this.#request('add', wireKey, readDone);
    add.data = text;
    add.flags = TEXT;
    add.exptime = seconds;
    return (await this.#dispatcher.send(add, undefined, this.#node(server))) as boolean;
  }

  #request(kind: RequestKind, wireKey: string, read: ReplyReader): Request {
    const request = new Request(kind, wireKey, read);
    request.userKey = request.routingKey = wireKey;
    // What cannot be asked for is not to be taken for missing.
    request.ownDetails().isStrict = true;
    return request;
  }

  #node(server: string): Node {
    const node = this.#nodeOf(server);
    if (node === undefined) throw this.#away(server);
    return node;
  }

  #nodeOf(server: string): Node | undefined {
    return this.#cluster.nodes.find((node) => node.server.id === server);
  }

  #away(server: string): ConnectionError {
    return new ConnectionError(`epochs: ${server} cannot be asked`, server, 'not-sent');
  }
}

/** Client flags of text, so that none of these items looks like a lease. */
const TEXT = 16;

/** Texts by their keys. */
type Texts = Map<string, string>;

/** What a many-key read of texts has found. */
const readTexts: ReplyReader = (reply, request) => {
  const found = (request.gathered ??= new Map()) as Texts;
  if (reply.status === 'end') return found;
  if (reply.status !== 'value') throw unexpectedReply(reply, request);
  const keys = request.details.keys!;
  // Answers come in the order of the questions, and a few are left out.
  let index = found.size % keys.length;
  for (let tries = 0; tries < keys.length && !reply.names(keys[index]); tries += 1) {
    index = (index + 1) % keys.length;
  }
  if (!reply.names(keys[index]) || found.has(keys[index])) throw unexpectedReply(reply, request);
  found.set(keys[index], textOf(reply));
  return undefined;
};

/** The text that one read has found, in either dialect. */
const readText: ReplyReader = (reply, request) => {
  if (reply.status === 'value') {
    if (!reply.more) return textOf(reply);
    request.gathered = textOf(reply);
    return undefined;
  }
  if (reply.status === 'end') return request.gathered;
  if (reply.status === 'not-found') return undefined;
  throw unexpectedReply(reply, request);
};

function textOf({ bytes, valueStart, valueEnd }: Parameters<ReplyReader>[0]): string {
  return latin1(bytes, valueStart, valueEnd);
}
