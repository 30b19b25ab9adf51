import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { HttpCache, MemcachedService } from '../../../lib/index.js';
import { writeResponse } from '../../../lib/nest/http/stored-response.js';
import { httpApp, PLATFORMS } from '../support/http-apps.js';

@Controller()
class Pages {
  static runs = 0;

  @Get('page')
  @HttpCache({ audience: 'everyone', ttl: '1m' })
  page() {
    Pages.runs += 1;
    return { run: Pages.runs };
  }
}

const head = { status: 200, headers: [], removed: [], at: 1, flags: 0 } as const;

const FOREIGN: Record<string, unknown> = {
  text: 'hello',
  'empty text': '',
  number: 5,
  null: null,
  object: { status: 200, headers: [['set-cookie', 'sid=evil']], body: 'x', at: 1 },
  map: new Map([[1, 2]]),
  bytes: Buffer.of(0, 10, 255),
  'a scalar that is none': writeResponse({ ...head, form: 'scalar', body: '{"a":1}' }),
  'a scalar that is no JSON': writeResponse({ ...head, form: 'scalar', body: '{' }),
  'a value that the codec does not know': writeResponse({ ...head, form: 'value', flags: 99, body: 'x' }),
  'bytes that the codec does not know': writeResponse({ ...head, form: 'packed', flags: 99, body: 'x' }),
};

describe.each(PLATFORMS)('what others have put under the key of a route on %s', (platform) => {
  it.each(Object.keys(FOREIGN))('is a miss, and is replaced: %s', async (name) => {
    await using nest = await httpApp(platform, { controllers: [Pages] });
    const service = nest.app.get(MemcachedService);
    await nest.get('/page');
    const keys: string[] = [];
    for await (const key of service.keys()) if (key.startsWith('http')) keys.push(key);
    expect(keys).toHaveLength(1);
    await service.set(keys[0], FOREIGN[name]);
    Pages.runs = 1;
    for (const _ of ['miss', 'hit'])
      expect(await nest.get('/page')).toMatchObject({ status: 200, body: { run: 2 } });
    expect(Pages.runs).toBe(2);
  });
});
