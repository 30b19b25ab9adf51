import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** What a wrong argument would have the server do. */
const COMMAND = '1\r\nset injected 0 0 1\r\nX\r\n';

const disguised = { toString: () => COMMAND, valueOf: () => 5, length: 1 };

/** What may stand in place of any value, whatever its type says. */
export const HOSTILE: readonly unknown[] = [
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
  { data: 'x', flags: '0 0 1\r\nX\r\nset injected 0' },
  { data: 'x', flags: '0\r\nX\r\nset injected 0 0 1\r\nX' },
  { data: 'x', flags: 2 ** 32 },
  { data: 'é€\r\nset injected 0 0 1\r\nX', flags: 1 },
  { data: [COMMAND], flags: 1 },
  { data: new Uint8Array(3), flags: 1 },
  { data: disguised, flags: 1 },
  { data: undefined, flags: 1 },
].map((encoded) => ({ encode: () => encoded, decode: (data: Buffer) => data }));

/** A parameter of a public method: its path (`options.ttl`) and a call that has something hostile there. */
export interface Attack {
  readonly name: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

const FILE = fileURLToPath(new URL('../../lib/client/client.ts', import.meta.url));

/**
 * Every public method of the client, by its TypeScript declaration, with every parameter and every option attacked.
 *
 * @returns the attacks with what is put in place of each.
 */
export function attacksOnClient(): (hostile?: readonly unknown[]) => Attack[] {
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
  const methods = new Map<string, ts.MethodDeclaration>();
  for (const member of client.members) {
    if (ts.isMethodDeclaration(member) && ts.isIdentifier(member.name)) methods.set(member.name.text, member);
  }
  methods.delete('close');
  methods.delete('connect');
  const targets = [...methods].flatMap(([method, { parameters }]) => {
    const types = parameters.map((parameter) => checker.getTypeAtLocation(parameter));
    const names = parameters.map(({ name }) => name.getText(source));
    const sound = names.map((name, position) => soundFor(name, types[position], checker));
    return names.map((name, position) => ({
      method,
      name,
      sound,
      position,
      properties:
        name === 'options'
          ? checker
              .getNonNullableType(types[position])
              .getProperties()
              .map((property) => property.name)
          : [],
    }));
  });
  return (hostile = HOSTILE) => targets.flatMap((target) => attacksOn(target, hostile));
}

/** A parameter, sound arguments for the whole call, and what the parameter may have as options. */
interface Target {
  readonly method: string;
  readonly name: string;
  readonly position: number;
  readonly sound: readonly unknown[];
  readonly properties: readonly string[];
}

function attacksOn(
  { method, name, position, sound, properties }: Target,
  hostile: readonly unknown[],
): Attack[] {
  const attack = (part: string, value: unknown): Attack => ({
    name: `${method} ${name}${part}`,
    method,
    args: sound.map((other, at) => (at === position ? value : other)),
  });
  const list = hostile.map((value) => attack('', value));
  if (name === 'keys') list.push(attack('[]', hostile));
  if (name === 'entries')
    list.push(
      attack(
        '[]',
        hostile.map((value) => [value, value]),
      ),
    );
  for (const property of properties) {
    for (const value of property === 'codec' ? [...CODECS, ...hostile] : hostile)
      list.push(attack(`.${property}`, { ...(sound[position] as object), [property]: value }));
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

/** Makes the call. @returns whether it threw at once. */
export async function run(client: object, { method, args }: Attack): Promise<'threw' | 'settled'> {
  let answer: unknown;
  try {
    answer = (client as Record<string, (...given: readonly unknown[]) => unknown>)[method](...args);
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
