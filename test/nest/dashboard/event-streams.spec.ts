import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { EventStreams } from '../../../lib/dashboard/event-streams.js';
import { isSameOrigin } from '../../../lib/dashboard/same-origin.js';

describe('streams of events', () => {
  it('tell when the first comes and when the last has gone', async () => {
    const audience: boolean[] = [];
    const streams = new EventStreams((isWatched) => audience.push(isWatched));
    const [first, second] = [streams.open([]), streams.open([])];
    expect([streams.size, audience]).toEqual([2, [true]]);
    first.destroy();
    await once(first, 'close');
    expect([streams.size, audience]).toEqual([1, [true]]);
    second.destroy();
    await once(second, 'close');
    expect([streams.size, audience]).toEqual([0, [true, false]]);
  });

  it('say everything to everybody, each message in its lines', async () => {
    const streams = new EventStreams(() => undefined);
    const stream = streams.open([{ event: 'hello', data: { a: 'two\nlines' } }]);
    streams.send({ event: 'look', data: { b: 1 } });
    streams.close();
    expect(await text(stream)).toBe(
      'retry: 2000\n\nevent: hello\ndata: {"a":"two\\nlines"}\n\nevent: look\ndata: {"b":1}\n\n',
    );
  });

  it('show that they live where nothing happens', async () => {
    const streams = new EventStreams(() => undefined, 5);
    const stream = streams.open([]);
    let said = '';
    stream.on('data', (part) => (said += String(part)));
    while (said.split(': still here\n\n').length < 3) await once(stream, 'data');
    expect(said).toMatch(/^retry: 2000\n\n(: still here\n\n){2,}$/);
    stream.destroy();
  });

  it('tell nothing any more once they are closed', async () => {
    const streams = new EventStreams(() => undefined, 5);
    const stream = streams.open([]);
    const closed = once(stream, 'close');
    streams.close();
    streams.send({ event: 'look', data: {} });
    // Heartbeats would come before it is given up.
    await closed;
    expect(stream.errored).toBeNull();
  });

  it('do not wait for one who does not read what is left', async () => {
    const streams = new EventStreams(() => undefined);
    const stream = streams.open([{ event: 'hello', data: {} }]);
    streams.close();
    await once(stream, 'close');
    expect([streams.size, stream.readableEnded]).toEqual([0, false]);
  });

  it('give up one who does not read, and no other', async () => {
    const streams = new EventStreams(() => undefined);
    const [slow, quick] = [streams.open([]), streams.open([])];
    quick.resume();
    const closed = once(slow, 'close');
    for (let sent = 0; sent < 40; sent += 1) {
      streams.send({ event: 'look', data: { text: 'x'.repeat(100_000) } });
      await new Promise(setImmediate);
    }
    await closed;
    expect(streams.size).toBe(1);
    quick.destroy();
  });
});

it.each([
  [{ 'sec-fetch-site': 'same-origin' }, true],
  [{ 'sec-fetch-site': 'cross-site', origin: 'http://a:1', host: 'a:1' }, false],
  [{ origin: 'http://a:1', host: 'a:1' }, true],
  [{ origin: 'https://a', host: 'A' }, true],
  [{ origin: 'http://b:1', host: 'a:1' }, false],
  [{ origin: 'null', host: 'a' }, false],
  [{ host: 'a' }, false],
  [{}, false],
])('a request with %j is of the same origin: %s', (headers, is) => {
  expect(isSameOrigin(headers)).toBe(is);
});
