import { StreamableFile, type Type } from '@nestjs/common';
import { lacksStableForm } from '../keys/stable-types.js';
import type { DecoratedMethod } from '../methods/decorated-method.js';
import type { MethodSignature } from '../methods/method-signature.js';
import {
  type Caller,
  calledParameters,
  callerOf,
  EVENTS_ARE_STREAMED,
  isEventStream,
  leavesResponseToMethod,
  RESPONSE_IS_TAKEN,
  setsResponse,
} from '../methods/nest-metadata.js';
import type { DecoratorName, Operation } from '../methods/operation.js';

/**
 * Parameters whose values belong to one request, or cannot be part of a key, by Nest's numbers for them
 * (`RouteParamtypes`, `RpcParamtype`, `WsParamtype`, `GqlParamtype`).
 */
const UNFIT_FOR_KEYS: Readonly<Record<Caller, ReadonlyMap<number, string>>> = {
  http: new Map([
    [0, '@Req()'],
    [1, '@Res()'],
    [2, '@Next()'],
    [6, '@Headers()'],
    [7, '@Session()'],
    [8, '@UploadedFile()'],
    [9, '@UploadedFiles()'],
    [14, '@Cookies()'],
    [15, '@SignedCookies()'],
  ]),
  message: new Map([[6, '@Ctx()']]),
  socket: new Map([
    [0, '@ConnectedSocket()'],
    [13, '@Ack()'],
  ]),
  graphql: new Map([
    [1, '@Context()'],
    [2, '@Info()'],
  ]),
};

/** Those that become fit when they name one of many: `@Headers('accept-language')`, `@Context('tenant')`. */
const FIT_WITH_A_NAME: ReadonlySet<string | undefined> = new Set([
  '@Headers()',
  '@Cookies()',
  '@SignedCookies()',
  '@Context()',
]);

/** Decorators that may answer without the method, or run it several times: one on a method is enough. */
const ANSWERS_FOR_THE_METHOD: ReadonlySet<DecoratorName> = new Set([
  '@Cacheable',
  '@CacheBatch',
  '@CasUpdate',
]);

/** Decorators that call the method as the cache's loader. */
const LOADS: ReadonlySet<DecoratorName> = new Set(['@Cacheable', '@CacheBatch']);

/**
 * Looks for what would share, lose or hang answers although it compiles.
 *
 * @param type the class whose objects are called; the method may be inherited.
 * @returns one sentence for each mistake: class, method and decorator, what is wrong, and its mend.
 */
export function mistakesOf(method: DecoratedMethod, type: Type): string[] {
  const { operations } = method;
  const found = (operation: Operation | undefined, mistakes: string[]): string[] =>
    operation === undefined
      ? []
      : mistakes.map((mistake) => `${method.place(operation.decorator)}: ${mistake}`);
  return [
    ...found(operations[0], combinationMistakes(operations, method.signature)),
    ...found(
      operations.find((operation) => operation.stores),
      [...streamMistakes(method, type), ...responseMistakes(method, type)],
    ),
    ...found(
      operations.find((operation) => operation.usesDefaultKey),
      keyMistakes(method, type),
    ),
  ];
}

function combinationMistakes(
  operations: readonly Operation[],
  { current, loading }: MethodSignature,
): string[] {
  const mistakes: string[] = [];
  const around = operations.filter(({ decorator }) => ANSWERS_FOR_THE_METHOD.has(decorator));
  if (around.length > 1) {
    const pair = around.map(({ decorator }) => decorator).join(' and ');
    mistakes.push(`${pair} on one method would each answer for it; split the method in two`);
  }
  if (current !== undefined && !operations.some(({ decorator }) => decorator === '@CasUpdate')) {
    mistakes.push('@Current() marks a parameter that nobody fills; it belongs to a method with @CasUpdate');
  }
  if (loading !== undefined && !operations.some(({ decorator }) => LOADS.has(decorator))) {
    mistakes.push(
      '@Loading() marks a parameter that nobody fills; it belongs to a method with @Cacheable or @CacheBatch',
    );
  }
  return mistakes;
}

function streamMistakes(method: DecoratedMethod, type: Type): string[] {
  const { returnType } = method.signature;
  const mistakes: string[] = [];
  if (isEventStream(type, method.property)) {
    mistakes.push(EVENTS_ARE_STREAMED);
  }
  const name = (returnType as Type | undefined)?.name;
  if (returnType === StreamableFile || name === 'Readable' || name === 'ReadableStream') {
    mistakes.push(
      `it returns a ${name}, which can be read once and not be stored; cache what it is made of, or return a Buffer`,
    );
  }
  return mistakes;
}

function responseMistakes(method: DecoratedMethod, type: Type): string[] {
  if (leavesResponseToMethod(type, method.property)) return [RESPONSE_IS_TAKEN];
  return setsResponse(type, method.property)
    ? [
        "what the method sets by @Res({ passthrough: true }) would be missing in answers from the cache; @HttpCache stores a route's whole answer",
      ]
    : [];
}

function keyMistakes(method: DecoratedMethod, type: Type): string[] {
  const { paramTypes = [], current, loading, arity = 0 } = method.signature;
  const caller = callerOf(type, method.property);
  const unfit = caller === undefined ? undefined : UNFIT_FOR_KEYS[caller];
  const mistakes = calledParameters(type, method.property, arity)
    .map(({ kind, data }) => ({ decorator: unfit?.get(kind), isNamed: typeof data === 'string' }))
    .filter(
      ({ decorator, isNamed }) => decorator !== undefined && !(isNamed && FIT_WITH_A_NAME.has(decorator)),
    )
    .map(
      ({ decorator }) =>
        `${decorator} differs from request to request, so no two would share an answer; ` +
        `name what the result depends on by 'key'`,
    );
  if (mistakes.length > 0) return mistakes;
  return paramTypes.flatMap((paramType, index) => {
    if (index === current || index === loading || !lacksStableForm(paramType)) return [];
    return [
      `parameter ${index} is a ${(paramType as Type).name}, an object without a stable form for a key; ` +
        `name what the result depends on by 'key', or give the class a 'toCacheKey()' method`,
    ];
  });
}
