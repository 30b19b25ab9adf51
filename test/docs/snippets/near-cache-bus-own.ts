import { BroadcastChannel } from 'node:worker_threads';
import type { NearCacheBus, NearCacheBusListener } from '../../../lib/index.js';

/** Between the worker threads of one process, each of which has a near cache of its own. */
export class WorkersBus implements NearCacheBus {
  // A channel does not hear what it has sent itself, and a bus has to.
  private readonly sender = new BroadcastChannel('near');
  private readonly receiver = new BroadcastChannel('near');

  async subscribe(listener: NearCacheBusListener): Promise<void> {
    this.receiver.addEventListener('message', (event) => {
      listener.message((event as MessageEvent).data as Uint8Array);
    });
  }

  async publish(message: Uint8Array): Promise<void> {
    this.sender.postMessage(message);
  }

  async close(): Promise<void> {
    this.sender.close();
    this.receiver.close();
  }
}
