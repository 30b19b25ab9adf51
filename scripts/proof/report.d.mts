/** What came of one run with one cache; a run says nothing about what is not there. */
export interface Result {
  run: string;
  pattern: string;
  staleKeys?: number;
  keys?: number;
  olderReads?: number;
  owedReads?: number;
  owedForMs?: number;
  reads?: number;
  invalidations?: number;
  kills?: number;
  interruptedWrites?: number;
  loadsPerKey?: number;
  mostLoads?: number;
  timesDue?: number;
  waitingReads?: number;
  p99Ms?: number;
  lostUpdates?: number;
  updates?: number;
  attempts?: number;
  timedReads?: number;
  slowReads?: number;
  longestWaitMs: number;
  longestWaitsMs?: readonly number[];
}

export function table(results: readonly Result[]): string;
export function notes(results: readonly Result[]): string[];
export function problems(results: readonly Result[]): string[];
