export interface Rabbitmq {
  /** Of its process, and of the group of all that it has started. */
  readonly pid: number;
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export function hasRabbitmq(): boolean;

export function startRabbitmq(port?: number): Promise<Rabbitmq>;
