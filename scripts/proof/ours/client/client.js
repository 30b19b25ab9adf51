export { MemcachedClient } from '../../../../dist/client/client.js';
