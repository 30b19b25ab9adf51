import { StreamableFile, type Type } from '@nestjs/common';
import { isObservable, Observable } from 'rxjs';
import { DecoratorError } from '../../errors.js';
import { type DecoratorHost, getDecoratorHostToken } from './decorator-host.js';
import { type MethodSignature, readSignature } from './method-signature.js';
import { asObservable, type Emissions, lastEmission, onlyEmission } from './observables.js';
import { type CompiledOperation, NESTING, type Operation } from './operation.js';

/** A method with its decorators, shared by all objects of its class, in all applications of the process. */
export class DecoratedMethod {
  /** The class that declares the method. */
  readonly declarer: Type;
  readonly property: string | symbol;
  readonly #original: (...args: never[]) => unknown;
  readonly #operations: Operation[] = [];
  /** Under which symbol objects hold the host of each operation. */
  #slots: readonly symbol[] = [];
  #signature: MethodSignature | undefined;
  #compiled: readonly CompiledOperation[] | undefined;

  constructor(prototype: object, property: string | symbol, original: (...args: never[]) => unknown) {
    this.declarer = prototype.constructor as Type;
    this.property = property;
    this.#original = original;
  }

  /** From the outside in. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  get name(): string {
    return String(this.property);
  }

  /** What is known about the method; not to be asked for while its decorators are being applied. */
  get signature(): MethodSignature {
    this.#signature ??= readSignature(this.declarer.prototype as object, this.property, this.#original);
    return this.#signature;
  }

  /** Adds a decorator; only while the class is being defined. */
  add(operation: Operation): void {
    this.#operations.push(operation);
    this.#operations.sort((a, b) => NESTING.indexOf(a.decorator) - NESTING.indexOf(b.decorator));
    this.#slots = this.#operations.map(({ instance }) => getDecoratorHostToken(instance));
  }

  /** Class, method and one of its decorators, for messages. */
  place(decorator: string): string {
    return `${this.declarer.name}.${this.name} ${decorator}`;
  }

  /**
   * Compiles the decorators, once; in the order of `operations`.
   *
   * @throws {DecoratorError} naming class, method, decorator, mistake and mend.
   * @throws {InvalidOptionsError} likewise, in its path.
   */
  compile(): readonly CompiledOperation[] {
    this.#compiled ??= this.#operations.map((operation) => {
      const place = this.place(operation.decorator);
      const { arity, current } = this.signature;
      return placed(place, () =>
        operation.compile({ declarer: this.declarer.name, method: this.name, place, arity, current }),
      );
    });
    return this.#compiled;
  }

  /** Calls the method on an object: through its decorators where an application has given the object a host. */
  call(self: object | undefined, args: readonly unknown[]): unknown {
    if (self === undefined) return Reflect.apply(this.#original, self, args);
    const hosts = this.#slots.map((slot) => (self as Hosted)[slot]);
    if (hosts.every((host) => host === undefined)) return Reflect.apply(this.#original, self, args);
    if (!this.#returnsObservable) return this.#enter(0, hosts, self, args, undefined);
    return asObservable((emissions) => this.#enter(0, hosts, self, args, emissions));
  }

  get #returnsObservable(): boolean {
    const { returnType } = this.signature;
    // By name as well: the application may have another copy of rxjs.
    return returnType === Observable || (returnType as Type | undefined)?.name === 'Observable';
  }

  /** Goes on with the decorator at `index`, or the method itself behind the last; never throws but rejects. */
  #enter(
    index: number,
    hosts: readonly (DecoratorHost | undefined)[],
    self: object,
    args: readonly unknown[],
    emissions: Emissions | undefined,
  ): Promise<unknown> {
    try {
      const compiled = this.compile();
      let at = index;
      while (at < compiled.length && hosts[at] === undefined) at += 1;
      const host = hosts[at];
      if (host === undefined) return this.#run(self, args, emissions);
      return compiled[at].step({ host, self, args }, (inner) =>
        this.#enter(at + 1, hosts, self, inner, emissions),
      );
    } catch (error) {
      return rejection(error);
    }
  }

  async #run(self: object, args: readonly unknown[], emissions: Emissions | undefined): Promise<unknown> {
    const storing = this.#operations.find((operation) => operation.stores);
    const place = this.place((storing ?? this.#operations[0]).decorator);
    const returned: unknown = Reflect.apply(this.#original, self, args);
    if (isObservable(returned)) {
      if (emissions === undefined && !this.signature.isRoute) {
        throw new DecoratorError(
          `${place}: the method returns an observable that could not be known of beforehand, so that its callers got a ` +
            "promise; write the return type (': Observable<…>'), import Observable as a value, not as a type, and " +
            'compile with emitDecoratorMetadata',
        );
      }
      return storing === undefined
        ? lastEmission(returned, emissions)
        : onlyEmission(returned, emissions, place);
    }
    const value = await returned;
    if (storing !== undefined && isStream(value)) {
      throw new DecoratorError(
        `${place}: the method returned a stream, which can be read once and not be stored; ` +
          'cache what the stream is made of, or return a Buffer',
      );
    }
    return value;
  }
}

/** An object of a class with decorated methods: it holds a host under the token of each module instance it uses. */
export type Hosted = Record<symbol, DecoratorHost | undefined>;

/** Adds the place to a message that lacks it. */
export function placed<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DecoratorError) || error.message.startsWith(place)) throw error;
    throw new DecoratorError(`${place}: ${error.message}`, { cause: error });
  }
}

/** What was thrown, as the rejection that callers of a promise expect. */
async function rejection(error: unknown): Promise<never> {
  throw error;
}

function isStream(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof StreamableFile) return true;
  const { pipe, getReader } = value as { pipe?: unknown; getReader?: unknown };
  return typeof pipe === 'function' || typeof getReader === 'function' || Symbol.asyncIterator in value;
}
