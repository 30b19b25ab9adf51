import { describe, expect, it } from '@jest/globals';
import node, { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';

describe('the diagnostics channels of a spec', () => {
  it("are its own where they are the library's, however they are imported and come by", () => {
    expect(channel('nestjs-memcached:command').name).toMatch(/^nestjs-memcached:command \(.+\)$/);
    expect(node.channel('nestjs-memcached:command')).toBe(channel('nestjs-memcached:command'));
    expect(tracingChannel('nestjs-memcached:load').start).toBe(
      channel('tracing:nestjs-memcached:load:start'),
    );
    const heard: unknown[] = [];
    const listener = (message: unknown): void => void heard.push(message);
    subscribe('nestjs-memcached:command', listener);
    node.channel('nestjs-memcached:command').publish('ours');
    expect(unsubscribe('nestjs-memcached:command', listener)).toBe(true);
    expect(heard).toStrictEqual(['ours']);
  });

  it('are those of Node otherwise', () => {
    expect(channel('net.client.socket').name).toBe('net.client.socket');
  });
});
