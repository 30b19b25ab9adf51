import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Req,
  Version,
  VERSION_NEUTRAL,
  type VersioningOptions,
  VersioningType,
} from '@nestjs/common';
import { HttpCache } from '../../../lib/index.js';
import { httpApp, PLATFORMS } from '../support/http-apps.js';

const options = { audience: 'everyone', ttl: '1m', maxAge: '1m' } as const;

@Controller({ path: 'pages', version: '1' })
class FirstPages {
  calls = 0;

  @Get()
  @HttpCache(options)
  list(): string {
    return `first ${++this.calls}`;
  }

  @Get('any')
  @Version(VERSION_NEUTRAL)
  @HttpCache(options)
  any(): string {
    return `any ${++this.calls}`;
  }
}

@Controller({ path: 'pages', version: ['2', '3'] })
class LaterPages {
  calls = 0;

  @Get()
  @HttpCache(options)
  list(): string {
    return `later ${++this.calls}`;
  }
}

/** One handler for several versions, each of which gets an answer of its own. */
@Controller('notes')
class Notes {
  calls = 0;

  @Get('several')
  @Version(['2', '3'])
  @HttpCache(options)
  several(@Req() request: VersionedRequest): string {
    return this.#note(request);
  }

  @Get('neutral')
  @Version(VERSION_NEUTRAL)
  @HttpCache(options)
  neutral(@Req() request: VersionedRequest): string {
    return this.#note(request);
  }

  @Get('default')
  @HttpCache(options)
  byDefault(@Req() request: VersionedRequest): string {
    return this.#note(request);
  }

  #note({ url, headers }: VersionedRequest): string {
    const [version] = /(?<=\/v|v=)\d/.exec(`${url} ${headers.accept}`) ?? [headers['x-version']];
    return `${version} ${++this.calls}`;
  }
}

interface VersionedRequest {
  readonly url: string;
  readonly headers: Record<string, string | undefined>;
}

interface Versioning {
  readonly options: VersioningOptions;
  /** The path and the headers by which a version is asked for. */
  readonly ask: (version: string, path: string) => [string, Record<string, string>];
  /** What caches further out are told. */
  readonly vary: string | undefined;
}

const VERSIONINGS: Record<string, Versioning> = {
  path: {
    options: { type: VersioningType.URI },
    ask: (version, path) => [`/api/v${version}${path}`, {}],
    vary: undefined,
  },
  header: {
    options: { type: VersioningType.HEADER, header: 'X-Version' },
    ask: (version, path) => [`/api${path}`, { 'x-version': version }],
    vary: 'x-version',
  },
  'media type': {
    options: { type: VersioningType.MEDIA_TYPE, key: 'v=' },
    ask: (version, path) => [`/api${path}`, { accept: `text/plain;v=${version}` }],
    vary: 'accept',
  },
  'function of the application': {
    options: {
      type: VersioningType.CUSTOM,
      extractor: (request) => {
        const { headers } = request as { headers: Record<string, string | undefined> };
        return headers['x-version'] ?? '';
      },
    },
    ask: (version, path) => [`/api${path}`, { 'x-version': version }],
    vary: undefined,
  },
};

describe.each(PLATFORMS)('versions on %s', (platform) => {
  it.each(Object.entries(VERSIONINGS))(
    'are kept apart that are asked for by %s',
    async (_how, versioning) => {
      await using http = await httpApp(platform, {
        controllers: [FirstPages, LaterPages],
        prepare: (app) => void app.setGlobalPrefix('api').enableVersioning(versioning.options),
      });
      const texts: string[] = [];
      for (const version of ['1', '2', '3', '1', '2', '3']) {
        const { status, text, headers } = await http.get(...versioning.ask(version, '/pages'));
        expect([status, headers.vary]).toEqual([200, versioning.vary]);
        texts.push(text);
      }
      expect(texts.slice(3)).toEqual(texts.slice(0, 3));
      expect(texts.map((text) => text.split(' ')[0])).toEqual([
        'first',
        'later',
        'later',
        'first',
        'later',
        'later',
      ]);
      const [path, headers] =
        versioning.options.type === VersioningType.URI
          ? ['/api/pages/any', {}]
          : versioning.ask('7', '/pages/any');
      const neutral = [await http.get(path, headers), await http.get(path, headers)];
      expect(neutral.map(({ text }) => text)).toEqual(['any 2', 'any 2']);
    },
  );

  it.each(
    ['path', 'header', 'media type'].flatMap((how) =>
      // A neutral route has no version in its path.
      (how === 'path' ? ['several', 'default'] : ['several', 'neutral', 'default']).map(
        (which) => [how, which] as const,
      ),
    ),
  )('are kept apart where one handler answers for them, asked for by %s: %s', async (how, which) => {
    const versioning = VERSIONINGS[how];
    await using http = await httpApp(platform, {
      controllers: [Notes],
      prepare: (app) =>
        void app
          .setGlobalPrefix('api')
          .enableVersioning({ ...versioning.options, defaultVersion: ['2', '3'] }),
    });
    const texts: string[] = [];
    for (const version of ['2', '3', '2', '3']) {
      const { status, text, headers } = await http.get(...versioning.ask(version, `/notes/${which}`));
      expect([status, headers.vary]).toEqual([200, versioning.vary]);
      texts.push(text);
    }
    expect(texts).toEqual(['2 1', '3 2', '2 1', '3 2']);
  });
});
