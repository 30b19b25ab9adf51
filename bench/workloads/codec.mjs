import { isDeepStrictEqual } from 'node:util';
import { recordOf } from '../measure/data.mjs';
import { timeSlices } from '../measure/slices.mjs';

const OBJECTS = 100;

/**
 * One object after another to what is stored and back, without a server.
 *
 * @param {{ codec: 'text' | 'bytes' | 'ours' }} params `text` does not even make bytes, which no client can do without.
 */
export async function measureCodec({ codec }, budget, from = 'nestjs-memcached') {
  const objects = Array.from({ length: OBJECTS }, (_, index) => recordOf(index));
  const { there, back } = await CODECS[codec](from);
  for (const object of objects) {
    if (!isDeepStrictEqual(back(there(object)), object)) throw new Error('what came back is something else');
  }
  const stored = objects.map(there);
  let kept;
  const encodeNanos = timeSlices(budget, OBJECTS, (index) => (kept = there(objects[index])));
  const decodeNanos = timeSlices(budget, OBJECTS, (index) => (kept = back(stored[index])));
  if (kept === undefined) throw new Error('nothing came back');
  return { nanos: encodeNanos + decodeNanos, encodeNanos, decodeNanos };
}

const CODECS = {
  text: () => ({ there: (object) => JSON.stringify(object), back: (text) => JSON.parse(text) }),
  bytes: () => ({
    there: (object) => Buffer.from(JSON.stringify(object)),
    back: (bytes) => JSON.parse(bytes.toString()),
  }),
  ours: async (from) => {
    const { MemcachedClient } = await import(from);
    const { codec } = new MemcachedClient();
    return {
      there: (object) => {
        const { data, flags } = codec.encode(object, 'key');
        return { data: typeof data === 'string' ? Buffer.from(data) : data, flags };
      },
      back: ({ data, flags }) => codec.decode(data, flags, 'key'),
    };
  },
};
