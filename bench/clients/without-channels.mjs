/*
 * Our client with the diagnostics channel of commands cut out of its code, to show what it costs when nobody listens.
 */
import { register } from 'node:module';

register('./without-channels.hooks.mjs', import.meta.url);

export { open } from './nestjs-memcached.mjs';
