export interface Twemproxy {
  readonly address: string;
  stop(): Promise<void>;
}

export function hasTwemproxy(): boolean;

export function startTwemproxy(
  addresses: readonly string[],
  timeoutMs?: number,
  names?: readonly string[],
): Promise<Twemproxy>;
