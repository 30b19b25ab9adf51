import type { MemcachedClientOptions } from '../../../lib/index.js';

const key = process.env.CACHE_KEY ?? '00'.repeat(32); // 32 bytes, in hexadecimal or base64

export const options: MemcachedClientOptions = { codec: { seal: { keys: [{ id: '2026-11', key }] } } };
