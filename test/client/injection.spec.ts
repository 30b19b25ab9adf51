import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { MemcachedClient } from '../../lib/client/client.js';
import type { ClientOptions } from '../../lib/options/client-options.js';
import { MemcachedServer } from '../../lib/testing/index.js';

/** What a wrong argument would have the server do. */
const COMMAND = '1\r\nset injected 0 0 1\r\nX\r\n';

const disguised = { toString: () => COMMAND, valueOf: () => 5, length: 1 };

/** What may stand in place of any value, whatever its type says. */
const HOSTILE: readonly unknown[] = [
  COMMAND,
  ' 0 0 1\r\nX\r\nset injected 0 0 1\r\nX\r\n',
  disguised,
  [COMMAND],
  Object.assign(() => COMMAND, { toString: () => COMMAND }),
  -1,
  1.5,
  Number.NaN,
  1e21,
  Number.POSITIVE_INFINITY,
  null,
  Symbol('s'),
  new Date(Number.NaN),
];

/** Bytes and flags as a hostile codec makes them. */
const CODECS: readonly unknown[] = [
  { data: 'x', flags: ' 0 0 1\r\nX\r\nset injected' },
  { data: 'x', flags: 2 ** 32 },
  { data: 'é€\r\nset injected 0 0 1\r\nX', flags: 1 },
  { data: [COMMAND], flags: 1 },
  { data: new Uint8Array(3), flags: 1 },
  { data: disguised, flags: 1 },
  { data: undefined, flags: 1 },
].map((encoded) => ({ encode: () => encoded, decode: (data: Buffer) => data }));

/** A parameter of a public method: its path (`options.ttl`) and a call that has something hostile there. */
interface Attack {
  readonly name: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

const FILE = fileURLToPath(new URL('../../lib/client/client.ts', import.meta.url));

/** Every public method of the client, by its TypeScript declaration, with every parameter and every option attacked. */
function attacks(): Attack[] {
  const program = ts.createProgram([FILE], {
    strict: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    skipLibCheck: true,
    types: ['node'],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(FILE)!;
  const client = source.statements.find(
    (statement): statement is ts.ClassDeclaration =>
      ts.isClassDeclaration(statement) && statement.name?.text === 'MemcachedClient',
  )!;
  const list: Attack[] = [];
  const methods = new Map<string, ts.MethodDeclaration>();
  for (const member of client.members) {
    if (ts.isMethodDeclaration(member) && ts.isIdentifier(member.name)) methods.set(member.name.text, member);
  }
  for (const [method, declaration] of methods) {
    if (method === 'close' || method === 'connect') continue;
    const parameters = declaration.parameters.map((parameter) => ({
      name: parameter.name.getText(source),
      type: checker.getTypeAtLocation(parameter),
    }));
    const sound = parameters.map(({ name, type }) => soundFor(name, type, checker));
    parameters.forEach(({ name, type }, position) => {
      const put = (value: unknown): unknown[] => sound.map((other, at) => (at === position ? value : other));
      for (const hostile of HOSTILE) list.push({ name: `${method} ${name}`, method, args: put(hostile) });
      if (name === 'keys') list.push({ name: `${method} ${name}[]`, method, args: put(HOSTILE) });
      if (name === 'entries') {
        list.push({
          name: `${method} ${name}[]`,
          method,
          args: put(HOSTILE.map((hostile) => [hostile, hostile])),
        });
      }
      if (name !== 'options') return;
      const options = checker.getNonNullableType(type);
      for (const property of options.getProperties()) {
        const values = property.name === 'codec' ? [...CODECS, ...HOSTILE] : HOSTILE;
        for (const value of values) {
          const mixed = { ...(sound[position] as object), [property.name]: value };
          list.push({ name: `${method} ${name}.${property.name}`, method, args: put(mixed) });
        }
      }
    });
  }
  return list;
}

/** An argument that means something, so that the attack beside it is what is judged. */
function soundFor(name: string, type: ts.Type, checker: ts.TypeChecker): unknown {
  switch (name) {
    case 'key':
      return 'k';
    case 'value':
      return 'v';
    case 'keys':
      return ['k'];
    case 'entries':
      return { k: 'v' };
    case 'cas':
      return '1';
    case 'by':
      return 1;
    case 'ttl':
    case 'duration':
      return '1m';
    case 'group':
      return 'general';
    case 'servers':
      return '127.0.0.1:1';
    case 'initial':
      return 1;
    case 'types':
      return [class Sound {}];
    case 'options':
      return checker.getNonNullableType(type).getProperty('leaseSeconds') === undefined
        ? {}
        : { leaseSeconds: 1 };
    default:
      throw new TypeError(`the fuzzer knows no sound value for a parameter called ${name}: give it one`);
  }
}

async function run(client: MemcachedClient, { method, args }: Attack): Promise<'threw' | 'settled'> {
  let answer: unknown;
  try {
    answer = (client as unknown as Record<string, (...given: readonly unknown[]) => unknown>)[method](
      ...args,
    );
  } catch {
    return 'threw';
  }
  try {
    if (method === 'keys') for await (const _key of answer as AsyncIterable<string>) break;
    else await answer;
  } catch {
    // A rejection is an answer.
  }
  return 'settled';
}

const all = attacks();

describe.each<[string, ClientOptions]>([
  ['meta', { protocol: 'meta' }],
  ['classic', { protocol: 'classic' }],
])('no argument of any public method sends a command of its own, %s', (_dialect, options) => {
  let server: MemcachedServer;
  let client: MemcachedClient;
  let witness: MemcachedClient;
  const methods = [...new Set(all.map(({ method }) => method))].filter((method) => method !== 'setServers');

  beforeAll(async () => {
    server = await MemcachedServer.start();
    client = new MemcachedClient({ servers: server.address, ...options });
    witness = new MemcachedClient({ servers: server.address });
    await client.connect();
  });
  afterAll(async () => {
    await Promise.all([client.close(), witness.close()]);
    await server.close();
  });

  it('knows the methods from their declarations', () => {
    expect(methods).toEqual(expect.arrayContaining(['get', 'setMany', 'leaseGet', 'incr', 'stats', 'keys']));
    expect(all.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['leaseGet options.leaseSeconds', 'set options.codec', 'cas cas', 'touch ttl']),
    );
  });

  it.each(methods)('%s', async (method) => {
    for (const attack of all.filter((candidate) => candidate.method === method)) {
      const outcome = await run(client, attack);
      const injected = await witness.get('injected');
      expect([attack.name, injected]).toEqual([attack.name, undefined]);
      // Only what answers at once, with no promise, may throw at once.
      if (!['serverFor', 'topology', 'hasCas', 'storeClasses'].includes(method))
        expect([attack.name, outcome]).toEqual([attack.name, 'settled']);
      await client.set('k', 'v');
    }
    expect(client.topology()).toMatchObject([{ state: 'up' }]);
  });
});
