/* Callers of one client, whichever it is, that check every answer. */
import { setTimeout as sleep } from 'node:timers/promises';

const KEYS = 40;

function valueOf(key, number) {
  return `${key}=${number}=${'x'.repeat((number * 37) % 3000)}`;
}

function isOf(key, value) {
  const text = Buffer.isBuffer(value) ? value.toString() : value;
  if (typeof text !== 'string') return false;
  return text === valueOf(key, Number(text.slice(key.length + 1).split('=', 1)[0]));
}

export function operations() {
  let client;
  let stopping = false;
  let running;
  const open = new Set();
  const seen = { answered: 0, failed: 0, wrong: 0, longestMs: 0 };

  async function call(work) {
    const began = performance.now();
    const id = Symbol('call');
    open.add(id);
    try {
      const value = await work();
      seen.answered += 1;
      return value;
    } catch {
      seen.failed += 1;
      await sleep(5);
      return undefined;
    } finally {
      open.delete(id);
      seen.longestMs = Math.max(seen.longestMs, performance.now() - began);
    }
  }

  async function caller() {
    while (!stopping) {
      const key = `key:${Math.floor(Math.random() * KEYS)}`;
      if (Math.random() < 0.3) {
        await call(() => client.set(key, valueOf(key, Math.floor(Math.random() * 1000))));
      } else {
        const value = await call(() => client.get(key));
        if (value !== undefined && value !== null && !isOf(key, value)) seen.wrong += 1;
      }
      await sleep(1);
    }
  }

  return {
    async open({ module, servers }) {
      const { open: connect } = await import(module);
      client = await connect({ servers, values: 'text', timeoutMs: 1000 });
    },
    begin() {
      running = Array.from({ length: 20 }, caller);
    },
    /** Whether a value can be stored and read once all is well. */
    async works() {
      const attempt = async () => {
        await client.set('works', valueOf('works', 1));
        return isOf('works', await client.get('works'));
      };
      for (let count = 0; count < 20; count += 1) {
        const worked = await Promise.race([attempt().catch(() => false), sleep(500)]);
        if (worked === true) return true;
        await sleep(100);
      }
      return false;
    },
    async end({ withinMs }) {
      stopping = true;
      await Promise.race([Promise.all(running), sleep(withinMs)]);
      return { ...seen, hanging: open.size };
    },
  };
}
