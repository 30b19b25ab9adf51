export interface Redis {
  /** Of its process, and of the group of all that it has started. */
  readonly pid: number;
  readonly folder: string;
  readonly port: number;
  readonly address: string;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export function hasRedis(): boolean;

export function startRedis(port?: number): Promise<Redis>;
