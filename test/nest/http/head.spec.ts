import { describe, expect, it } from '@jest/globals';
import { All, Controller, Get, Head, Req, Res } from '@nestjs/common';
import { HttpCache } from '../../../lib/index.js';
import { httpApp, type PlatformResponse, PLATFORMS, setHeader } from '../support/http-apps.js';

const everyone = { audience: 'everyone', ttl: '1m' } as const;

@Controller()
class Files {
  static runs = 0;

  @Get('file')
  @HttpCache({ ...everyone, forceFresh: ({ headers }) => headers['x-reload'] === '1' })
  file(@Req() { method }: { method: string }, @Res({ passthrough: true }) response: PlatformResponse) {
    return content(method, response);
  }

  @All('all')
  @HttpCache(everyone)
  all(@Req() { method }: { method: string }, @Res({ passthrough: true }) response: PlatformResponse) {
    return content(method, response);
  }

  @Head('only')
  @HttpCache(everyone)
  only(@Res({ passthrough: true }) response: PlatformResponse) {
    return content('HEAD', response);
  }
}

/** Makes nothing that is not sent, as RFC 9110 allows. */
function content(method: string, response: PlatformResponse): string | undefined {
  Files.runs += 1;
  setHeader(response, 'x-run', String(Files.runs));
  return method === 'HEAD' ? undefined : `run ${Files.runs}`;
}

describe.each(PLATFORMS)('HEAD on %s', (platform) => {
  it.each([
    ['file', true],
    ['file', false],
    ['all', true],
  ])('is no answer to GET: %s (early: %s)', async (path, early) => {
    Files.runs = 0;
    await using nest = await httpApp(platform, { controllers: [Files] });
    if (early) for (const method of ['GET', 'HEAD']) await nest.get(`/${path}?warm`, {}, method);
    const before = Files.runs;
    const heads = [await nest.get(`/${path}`, {}, 'HEAD'), await nest.get(`/${path}`, {}, 'HEAD')];
    expect(heads.map(({ headers }) => headers['cache-status'])).toEqual(
      Array.from({ length: 2 }, () => 'nestjs-memcached; fwd=uri-miss'),
    );
    expect(Files.runs).toBe(before + 2);
    const got = await nest.get(`/${path}`);
    expect(got.text).toBe(`run ${before + 3}`);
    const head = await nest.get(`/${path}`, {}, 'HEAD');
    expect([head.headers['x-run'], head.headers.age]).toEqual([String(before + 3), '0']);
    expect(head.headers.etag).toBe(got.headers.etag);
    expect((await nest.get(`/${path}`)).text).toBe(got.text);
  });

  it('that has the method run leaves what is stored', async () => {
    Files.runs = 0;
    await using nest = await httpApp(platform, { controllers: [Files] });
    await nest.get('/file');
    expect((await nest.get('/file', { 'x-reload': '1' }, 'HEAD')).headers['x-run']).toBe('2');
    expect((await nest.get('/file')).text).toBe('run 1');
  });

  it('is stored where nobody can ask by GET', async () => {
    Files.runs = 0;
    await using nest = await httpApp(platform, { controllers: [Files] });
    for (const _ of ['miss', 'hit']) expect((await nest.get('/only', {}, 'HEAD')).headers['x-run']).toBe('1');
  });
});
