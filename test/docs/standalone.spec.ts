import 'reflect-metadata';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type INestApplication, Module, type Provider, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
// As the snippets have it: a class of the package's own, such as the interceptor of `@HttpCache`, is one and the same.
import { MemcachedClient, MemcachedModule, MemcachedService } from 'nestjs-memcached';
import { MemcachedServer } from 'nestjs-memcached/testing';
import { pagesWithSnippets } from '../../scripts/snippets.mjs';

// Packages that are CommonJS require parts of Nest, which are ES modules; Jest cannot on Node below 24.9.
for (const part of [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/core/injector/injector',
  '@nestjs/core/errors/exceptions/unknown-dependencies.exception',
]) {
  const loaded: unknown = await import(part);
  jest.mock(part, () => loaded);
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = fileURLToPath(new URL('snippets/', import.meta.url));
const FILES = readdirSync(FOLDER);

/** Where nothing but prose about decisions and the tables of options has no snippets. */
const WITH_FRAGMENTS = /^docs\/(adr|api)\//;

function markdown(): string[] {
  const pages = (readdirSync(join(ROOT, 'docs'), { recursive: true }) as string[]).map(
    (file) => `docs/${file}`,
  );
  return [...readdirSync(ROOT).filter((file) => file.startsWith('README')), ...pages].filter(
    (path) => path.endsWith('.md') && !path.includes('/.') && !WITH_FRAGMENTS.test(path),
  );
}

/** What the modules of snippets say for the classes beside them, which are put to work by themselves here. */
const FOR_CLASSES = {
  isGlobal: true,
  cache: { near: {} },
  decorators: { varyBy: { tenant: () => 'acme' } },
};

/** The modules, classes and functions of a snippet are put to work as its reader would put them. */
class Reader {
  readonly #apps: INestApplication[] = [];

  constructor(
    private readonly server: MemcachedServer,
    private readonly memcached: MemcachedService,
  ) {}

  async use(exported: unknown): Promise<void> {
    if (isApplication(exported)) this.#apps.push(exported);
    else if (isClass(exported)) await this.#boot(exported);
    else if (isOptions(exported)) await new MemcachedClient(exported).close();
    else if (isOpen(exported)) await (exported.disconnect ?? exported.close)?.call(exported);
  }

  async end(): Promise<void> {
    for (const app of this.#apps.splice(0)) await app.close();
  }

  async #boot(type: Type): Promise<void> {
    const isController = Reflect.hasMetadata('path', type);
    const isProvider = Reflect.hasMetadata('__injectable__', type);
    if (!isModule(type) && !isController && !isProvider) return;
    const dependencies =
      (Reflect.getMetadata('design:paramtypes', type) as (Type | undefined)[] | undefined) ?? [];
    const stands: Provider[] = dependencies
      .filter((dependency) => dependency !== undefined && isClass(dependency) && isAbstract(dependency))
      .map((dependency) => ({ provide: dependency!, useValue: {} }));
    @Module(
      isModule(type)
        ? { imports: [type] }
        : { controllers: isController ? [type] : [], providers: isController ? stands : [...stands, type] },
    )
    class Application {}
    const hasModule = isModule(type) && importsMemcached(type);
    const module = await Test.createTestingModule({
      imports: hasModule
        ? [Application]
        : [MemcachedModule.forRoot({ ...FOR_CLASSES, servers: this.server.address }), Application],
    })
      .useMocker((token) => (token === MemcachedService ? this.memcached : {}))
      .compile();
    const app = module.createNestApplication({ logger: false });
    this.#apps.push(app);
    await app.init();
  }
}

function isApplication(value: unknown): value is INestApplication {
  return typeof (value as Partial<INestApplication> | null)?.getHttpServer === 'function';
}

function isClass(value: unknown): value is Type {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

function isModule(value: unknown): value is Type {
  return (
    isClass(value) && ['imports', 'controllers', 'providers'].some((key) => Reflect.hasMetadata(key, value))
  );
}

/** What a snippet leaves to its reader is an abstract class: it has no methods of its own at run time. */
function isAbstract(type: Type): boolean {
  return type.length === 0 && Object.getOwnPropertyNames(type.prototype).length === 1;
}

/** A store that a snippet has made of its own. */
function isOpen(value: unknown): value is { close?(): unknown; disconnect?(): unknown } {
  return typeof value === 'object' && value !== null && ('disconnect' in value || 'close' in value);
}

function isOptions(value: unknown): value is object {
  const names = ['servers', 'discovery', 'distribution', 'codec'];
  return typeof value === 'object' && value !== null && names.some((name) => Object.hasOwn(value, name));
}

function importsMemcached(type: Type): boolean {
  const imports = (Reflect.getMetadata('imports', type) ?? []) as { module?: unknown }[];
  return imports.some((imported) => imported?.module === MemcachedModule);
}

describe('the code of a page', () => {
  it('is a snippet that is run, wherever it is TypeScript', () => {
    const loose = markdown().flatMap((path) =>
      [...readFileSync(join(ROOT, path), 'utf8').matchAll(/(.*)\n\n```ts\n(.*)/g)]
        .filter(([, before]) => !/^<!-- snippet: [\w-]+ -->$/.test(before))
        .map(([, , first]) => `${path}: ${first}`),
    );
    expect(loose).toEqual([]);
  });

  it('is shown somewhere', () => {
    const shown = new Set(
      pagesWithSnippets().flatMap(({ present }) =>
        [...present.matchAll(/<!-- snippet: ([\w-]+) -->/g)].map(([, name]) => `${name}.ts`),
      ),
    );
    expect(FILES.filter((file) => !shown.has(file))).toEqual([]);
  });
});

describe('a snippet alone', () => {
  let server: MemcachedServer;
  let memcached: MemcachedService;
  let reader: Reader;

  beforeAll(async () => {
    server = await MemcachedServer.start();
    memcached = new MemcachedService({ servers: server.address });
    reader = new Reader(server, memcached);
    process.env.MEMCACHED_SERVERS = server.address;
    process.env.PORT = '0';
  });
  afterAll(async () => {
    await memcached.close();
    await server.close();
  });

  it.each(FILES)('has all that it needs: %s', (file) => {
    const code = readFileSync(join(FOLDER, file), 'utf8');
    expect(code).not.toMatch(/^ *\/\/ (snippet: |end$)/m);
    const imported = [...code.matchAll(/ from '([^']+)'|^import '([^']+)'/gm)].map(
      ([, from, bare]) => from ?? bare,
    );
    const own = imported.filter((name) => name.startsWith('.'));
    expect(
      own.filter(
        (name) => !/^\.\.\/\.\.\/\.\.\/lib\/(index|\w+\/index|adapters\/(?:bus\/)?\w+)\.js$/.test(name),
      ),
    ).toEqual([]);
    expect(own.map((name) => existsSync(join(FOLDER, name.replace(/js$/, 'ts'))))).not.toContain(false);
  });

  it.each(FILES)('runs: %s', async (file) => {
    const exported = (await import(`./snippets/${file.replace(/ts$/, 'js')}`)) as Record<string, unknown>;
    expect(Object.keys(exported)).not.toEqual([]);
    try {
      const values = Object.values(exported);
      const modules = values.filter(isModule);
      // Where there is a module, it is that which a reader imports.
      for (const value of modules.length > 0 ? modules : values) await reader.use(await value);
    } finally {
      await reader.end();
    }
  });
});
