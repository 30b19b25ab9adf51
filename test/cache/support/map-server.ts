import type { EpochPlace, EpochReading, EpochStore, LateChange } from '../../../lib/near/epoch-store.js';
import type {
  EntryAsker,
  CacheEntry,
  Copier,
  CacheReading,
  CacheStore,
  HeldLock,
  TagState,
} from '../../../lib/cache/store.js';

interface Item {
  /** Undefined in a stub. */
  entry: CacheEntry | undefined;
  cas: number;
  /** In seconds of the server's clock; 0 = never. */
  exptime: number;
  stale: boolean;
  tokenSent: boolean;
}

/** The operations of the port, as a hook is told of them. */
export type Operation = keyof CacheStore | keyof EpochStore | 'bumpEpoch';

/** Is awaited before the server gets an operation, or before its answer gets back. May throw: the connection broke. */
export type Hook = (operation: Operation, key: string) => void | Promise<void>;

/** How long memcached keeps a tag, in seconds. */
const TAG_SECONDS = 2_592_000;

/**
 * A memcached of the cache's operations: leases (`N`, `W`, `Z`), stale marks (`X`), early refresh (`R`), cas, and
 * expiry in whole seconds of its own clock, as measured on memcached 1.6.18.
 */
export class MapServer {
  readonly items = new Map<string, Item>();
  /** Seconds; moves only when told to. */
  time = 1000;
  #cas = 0;
  #versions = 0;
  /** The mark that there are near caches, and the epochs, by their names. */
  readonly epochs = new Map<string, string>();
  /** When the mark was set, in seconds. */
  markedAt = 0;
  /** How often it was restarted; tokens from before are worth nothing. */
  restarts = 0;

  /** What a process uses; each has its own, as it has its own connections. */
  connect(): MapConnection {
    return new MapConnection(this);
  }

  /** Everything is lost, and cas tokens are counted from the start. */
  restart(): void {
    this.items.clear();
    this.epochs.clear();
    this.#cas = 0;
    this.restarts += 1;
  }

  /** The value under a key, if it is one. */
  valueOf(key: string): unknown {
    return this.find(key)?.entry?.value;
  }

  /** Seconds left, -1 for ever, undefined for nothing. */
  ttlOf(key: string): number | undefined {
    const item = this.find(key);
    return item && ttl(item, this.time);
  }

  find(key: string): Item | undefined {
    const item = this.items.get(key);
    if (item === undefined) return undefined;
    if (item.exptime === 0 || item.exptime > this.time) return item;
    this.items.delete(key);
    return undefined;
  }

  /** Has near caches that began long ago. */
  markLongAgo(): void {
    this.epochs.set(MARK, this.newName());
    this.markedAt = this.time - 3600;
  }

  /** How large values are: those of keys that say so are large. */
  sizeOf(key: string): number {
    return key.startsWith('large') ? 50_000 : 100;
  }

  /** An epoch that never was, or another such text. */
  newName(): string {
    this.#versions += 1;
    return `e${this.#versions}`;
  }

  /** Bumps the epoch of a name. */
  bumpEpoch(name: string): void {
    this.epochs.delete(`epoch:${shardOf(name)}`);
  }

  nextCas(): number {
    this.#cas += 1;
    return this.#cas;
  }

  /** Names an item's state in the server's present life. */
  token(item: Item): string {
    return `${item.cas}@${this.restarts}`;
  }

  set(key: string, entry: CacheEntry | undefined, ttlSeconds: number): Item {
    const item = {
      entry: entry && structuredClone(entry),
      cas: this.nextCas(),
      exptime: ttlSeconds === 0 ? 0 : this.time + ttlSeconds,
      stale: false,
      tokenSent: false,
    };
    this.items.set(key, item);
    return item;
  }

  read(key: string, leaseSeconds: number, recacheSeconds: number): CacheReading {
    const item = this.find(key);
    if (item === undefined) {
      if (leaseSeconds === 0) return { ...NOTHING };
      const stub = this.set(key, undefined, leaseSeconds);
      stub.tokenSent = true;
      return { ...NOTHING, cas: this.token(stub), won: true };
    }
    const ttlSeconds = ttl(item, this.time);
    const due = item.stale || (recacheSeconds > 0 && ttlSeconds >= 0 && ttlSeconds < recacheSeconds);
    const won = due && !item.tokenSent;
    const busy = item.tokenSent;
    if (won) item.tokenSent = true;
    return {
      hit: item.entry !== undefined,
      value: structuredClone(item.entry),
      cas: this.token(item),
      ttl: ttlSeconds < 0 ? undefined : ttlSeconds * 1000,
      won,
      busy,
      stale: item.stale,
    };
  }

  /** @returns whether the token still names what is there. */
  release(key: string, cas: string, keepSeconds: number | 'rest'): boolean {
    const item = this.find(key);
    if (item === undefined || this.token(item) !== cas) return false;
    if (keepSeconds === 0) this.items.delete(key);
    else this.markStale(item, keepSeconds);
    return true;
  }

  markStale(item: Item, keepSeconds: number | 'rest'): void {
    item.stale = true;
    item.tokenSent = false;
    item.cas = this.nextCas();
    if (keepSeconds !== 'rest') item.exptime = this.time + keepSeconds;
  }

  tagState(tag: string): TagState {
    const key = `tag:${tag}`;
    let item = this.find(key);
    if (item === undefined) {
      this.#versions += 1;
      item = this.set(key, { value: `v${this.#versions}`, tags: [], kind: 'value' }, TAG_SECONDS);
    }
    const [version, soft, before] = String(item.entry?.value).split(' ');
    const ageSeconds = TAG_SECONDS - ttl(item, this.time);
    return { tag, version, ageSeconds, staleVersion: ageSeconds < Number(soft) ? before : undefined };
  }

  bumpTag(tag: string, softSeconds: number): void {
    const key = `tag:${tag}`;
    const item = this.find(key);
    if (item === undefined) return;
    if (softSeconds === 0) {
      this.items.delete(key);
      return;
    }
    this.#versions += 1;
    const [before] = String(item.entry?.value).split(' ');
    this.set(
      key,
      { value: `v${this.#versions} ${softSeconds} ${before}`, tags: [], kind: 'value' },
      TAG_SECONDS,
    );
  }
}

/** One process's way to the server. */
export class MapConnection implements CacheStore {
  /** Operations begun, in order, such as `read a`. */
  readonly log: string[] = [];
  before: Hook | undefined;
  after: Hook | undefined;
  /** Whether it tells others of what it changes. */
  bumps = true;
  readonly epochs: MapEpochs;
  readonly #server: MapServer;

  constructor(server: MapServer) {
    this.#server = server;
    this.epochs = new MapEpochs(server, (operation, name, run) => this.#ask(operation, name, run));
  }

  /** Every operation fails from now on. */
  breakDown(): void {
    this.before = () => {
      throw new Error('the store is down');
    };
  }

  mend(): void {
    this.before = undefined;
  }

  read(
    key: string,
    leaseSeconds: number,
    recacheSeconds: number,
    _together?: object,
    keep?: 'same' | 'copy',
  ): Promise<CacheReading> {
    return this.#ask('read', key, () => {
      const reading = this.#server.read(key, leaseSeconds, recacheSeconds);
      const { value } = reading;
      if (keep === undefined || value === undefined) return reading;
      const taken = structuredClone(value.value);
      const take = (): unknown => (keep === 'same' ? value.value : structuredClone(taken));
      return { ...reading, value: { ...value, kept: { size: this.#server.sizeOf(key), take } } };
    });
  }

  ask(key: string, leaseSeconds: number, recacheSeconds: number, asker: EntryAsker): Promise<unknown> {
    return this.read(key, leaseSeconds, recacheSeconds).then(
      (reading) => (asker.wantsAll || !isPlain(reading, asker) ? asker.found(reading) : reading.value!.value),
      (error: unknown) => asker.failed(error),
    );
  }

  recheck(key: string): Promise<CacheReading> {
    return this.#ask('recheck', key, () => ({ ...this.#server.read(key, 0, 0), value: undefined }));
  }

  async write(
    key: string,
    entry: CacheEntry,
    ttlSeconds: number,
    cas: string,
  ): Promise<'stored' | 'exists' | 'not-found'> {
    const written = await this.#write(key, entry, ttlSeconds, cas);
    if (written === 'stored') await this.#bump(key);
    return written;
  }

  #write(
    key: string,
    entry: CacheEntry,
    ttlSeconds: number,
    cas: string,
  ): Promise<'stored' | 'exists' | 'not-found'> {
    return this.#ask('write', key, () => {
      const item = this.#server.find(key);
      if (item === undefined) return 'not-found';
      if (this.#server.token(item) !== cas) return 'exists';
      this.#server.set(key, entry, ttlSeconds);
      return 'stored';
    });
  }

  writeLoaded(
    key: string,
    entry: CacheEntry,
    ttlSeconds: number,
    { cas }: CacheReading,
    isChange: boolean,
  ): Promise<'stored' | 'exists' | 'not-found'> {
    return isChange ? this.write(key, entry, ttlSeconds, cas) : this.#write(key, entry, ttlSeconds, cas);
  }

  async set(key: string, entry: CacheEntry, ttlSeconds: number, guardSet: boolean): Promise<boolean> {
    if (guardSet) this.#server.read(key, 3, 0);
    const stored = await this.#ask('set', key, () => {
      if (guardSet && this.#server.find(key) === undefined) return false;
      this.#server.set(key, entry, ttlSeconds);
      return true;
    });
    await this.#bump(key);
    return stored;
  }

  release(key: string, cas: string, keepSeconds: number | 'rest'): Promise<boolean> {
    return this.#ask('release', key, () => this.#server.release(key, cas, keepSeconds));
  }

  prolong(key: string, leaseSeconds: number): Promise<void> {
    return this.#ask('prolong', key, () => {
      const item = this.#server.find(key);
      if (item !== undefined) item.exptime = this.#server.time + leaseSeconds;
    });
  }

  announce(key: string, cas: string, leaseSeconds: number): Promise<void> {
    return this.#ask('announce', key, () => {
      this.#server.set(`alive:${key}`, { value: cas, tags: [], kind: 'value' }, leaseSeconds);
    });
  }

  isAnnounced(key: string, cas: string): Promise<boolean> {
    return this.#ask('isAnnounced', key, () => this.#server.valueOf(`alive:${key}`) === cas);
  }

  disown(key: string, _error: unknown, leaseSeconds: number, isUsed: (cas: string) => boolean): void {
    if (this.before !== undefined) return;
    const item = this.#server.find(key);
    if (item === undefined || isUsed(this.#server.token(item))) return;
    if (item.entry !== undefined && item.stale) this.#server.markStale(item, 'rest');
    else if (item.entry === undefined && leaseSeconds > 0) this.#server.items.delete(key);
  }

  async remove(key: string): Promise<boolean> {
    const removed = await this.#ask('remove', key, () => this.#server.items.delete(key));
    await this.#bump(key);
    return removed;
  }

  async markStale(key: string, keepSeconds: number): Promise<void> {
    await this.#ask('markStale', key, () => {
      const item = this.#server.find(key);
      if (item === undefined) return;
      if (item.entry === undefined) {
        this.#server.items.delete(key);
        return;
      }
      const left = ttl(item, this.#server.time);
      const rest = left >= 0 && (item.stale || left <= keepSeconds);
      this.#server.markStale(item, rest ? 'rest' : keepSeconds);
    });
    await this.#bump(key);
  }

  copier(_key: string, value: unknown): Copier {
    const taken = structuredClone(value);
    return () => structuredClone(taken);
  }

  isAway(): boolean {
    return false;
  }

  serverWithoutCas(): undefined {
    return undefined;
  }

  tagState(tag: string): Promise<TagState> {
    return this.#ask('tagState', tag, () => this.#server.tagState(tag));
  }

  async bumpTag(tag: string, softSeconds: number): Promise<void> {
    await this.#ask('bumpTag', tag, () => this.#server.bumpTag(tag, softSeconds));
    await this.#bump(`tag:${tag}`);
  }

  lock(key: string, ttlSeconds: number): Promise<HeldLock | undefined> {
    return this.#ask('lock', key, () => {
      if (this.#server.find(`lock:${key}`) !== undefined) return undefined;
      const { cas } = this.#server.set(`lock:${key}`, { value: 1, tags: [], kind: 'value' }, ttlSeconds + 1);
      return { token: String(cas), fence: cas };
    });
  }

  prolongLock(key: string, token: string, ttlSeconds: number): Promise<boolean> {
    return this.#ask('prolongLock', key, () => {
      const held = this.#server.find(`lock:${key}`);
      if (String(held?.cas) !== token) return false;
      held!.exptime = this.#server.time + ttlSeconds + 1;
      return true;
    });
  }

  unlock(key: string, token: string): Promise<boolean> {
    return this.#ask('unlock', key, () => {
      if (String(this.#server.find(`lock:${key}`)?.cas) !== token) return false;
      return this.#server.items.delete(`lock:${key}`);
    });
  }

  async #bump(name: string): Promise<void> {
    if (this.bumps && this.#server.epochs.has(MARK)) {
      await this.#ask('bumpEpoch', name, () => this.#server.bumpEpoch(name));
    }
  }

  async #ask<T>(operation: Operation, key: string, run: () => T): Promise<T> {
    this.log.push(`${operation} ${key}`);
    await this.before?.(operation, key);
    const answer = run();
    await this.after?.(operation, key);
    return answer;
  }
}

/** The epochs of the one server there is. */
class MapEpochs implements EpochStore {
  readonly listeners: ((keysMoved: boolean) => void)[] = [];
  readonly lateChanges: ((change: LateChange) => void)[] = [];
  readonly #server: MapServer;
  readonly #ask: <T>(operation: Operation, name: string, run: () => T) => Promise<T>;

  constructor(server: MapServer, ask: <T>(operation: Operation, name: string, run: () => T) => Promise<T>) {
    this.#server = server;
    this.#ask = ask;
  }

  epochOfKey(key: string): EpochPlace {
    return { server: 'map', shard: shardOf(key) };
  }

  epochOfTag(tag: string): EpochPlace {
    return this.epochOfKey(`tag:${tag}`);
  }

  readEpochs(_server: string, shards: readonly number[]): Promise<EpochReading> {
    return this.#ask('readEpochs', shards.join(), () => ({
      mark: this.#server.epochs.get(MARK),
      epochs: shards.map((shard) => this.#server.epochs.get(`epoch:${shard}`)),
    }));
  }

  addEpoch(_server: string, shard: number): Promise<string | undefined> {
    return this.#add('addEpoch', `epoch:${shard}`);
  }

  addMark(): Promise<string | undefined> {
    return this.#add('addMark', MARK);
  }

  markAgeMs(): Promise<number> {
    return this.#ask('markAgeMs', '', () => (this.#server.time - this.#server.markedAt) * 1000);
  }

  keepMark(): Promise<void> {
    return this.#ask('keepMark', '', () => undefined);
  }

  tellsTtl(): boolean {
    return true;
  }

  onServersChange(listener: (keysMoved: boolean) => void): void {
    this.listeners.push(listener);
  }

  onLateChange(listener: (change: LateChange) => void): void {
    this.lateChanges.push(listener);
  }

  owesChanges(): boolean {
    return false;
  }

  #add(operation: Operation, name: string): Promise<string | undefined> {
    return this.#ask(operation, name, () => {
      if (this.#server.epochs.has(name)) return undefined;
      const epoch = this.#server.newName();
      this.#server.epochs.set(name, epoch);
      if (name === MARK) this.#server.markedAt = this.#server.time;
      return epoch;
    });
  }
}

const MARK = 'mark';

/** Few epochs, so that keys often share one. */
const SHARDS = 8;

function shardOf(name: string): number {
  let sum = 0;
  for (const character of name) sum += character.charCodeAt(0);
  return sum % SHARDS;
}

const NOTHING: CacheReading = {
  hit: false,
  value: undefined,
  cas: '0',
  ttl: undefined,
  won: false,
  busy: false,
  stale: false,
};

function ttl(item: Item, time: number): number {
  return item.exptime === 0 ? -1 : item.exptime - time;
}

/** Whether the value of a reading says it all. */
function isPlain({ hit, value, won, busy, stale, ttl }: CacheReading, { policy }: EntryAsker): boolean {
  if (!hit || value?.kind !== 'value' || value.tags.length > 0 || won || busy || stale) return false;
  return ttl === undefined || ttl > policy.graceSeconds * 1000;
}
