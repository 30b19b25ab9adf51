export { createRedisBus, type RedisBusOptions } from '../redis-bus.js';
export type { RedisBusClient } from '../redis-client.js';
