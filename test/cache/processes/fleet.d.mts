export declare class SlowDatabase {
  readonly rows: number[];
  readonly loads: number;
  readonly writes: number;
  constructor(keys: number, latencyMs: number);
  reached(wanted: { loads?: number; writes?: number }): Promise<void>;
  hold(): () => void;
}

/** One process. */
export interface Worker {
  readonly exited: Promise<unknown>;
  /** What it has read in storms, but for the last few reads before it was killed. */
  readonly reads: readonly Read[];
  /** What it has invalidated in storms, whether it was killed since or not. */
  readonly invalidations: readonly Invalidation[];
  /** Keys of rows that it has begun to write and not told to be invalidated; once for each write. */
  readonly writing: readonly number[];
  call(operation: string, args?: object): Promise<any>;
  kill(): Promise<unknown>;
  stop(): Promise<unknown>;
}

export type Read = [key: number, value: number, began: number];
export type Invalidation = [key: number, value: number, returned: number];

export declare function startWorkers(
  count: number,
  options: { libDir: string; database: SlowDatabase; clientOptions: object; cacheOptions?: object },
): Promise<Worker[]>;

export declare function quantile(numbers: readonly number[], part: number): number;

export declare function olderReads(reads: readonly Read[], invalidations: readonly Invalidation[]): Read[];
