import { Logger, type Type } from '@nestjs/common';
import { isObservable, Observable } from 'rxjs';
import { DecoratorError } from '../../errors.js';
import { Call, type Route } from './call.js';
import { instanceOfClass, readClassDefaults } from './class-defaults.js';
import { ModuleCache } from '../instance/module-cache.js';
import { getModuleCacheToken } from '../instance/module-name.js';
import { type MethodSignature, readSignature } from './method-signature.js';
import type { CacheKeyPart } from '../keys/canonical.js';
import { forcedCalls, isForced } from '../instance/force-fresh.js';
import { asObservable, type Emissions, lastEmission, onlyEmission } from './observables.js';
import { withPlace } from './with-place.js';
import { isStream } from './streams.js';
import { type CompiledOperation, NESTING, type Operation } from './operation.js';

/** A method with its decorators, shared by all objects of its class, in all applications of the process. */
export class DecoratedMethod {
  /** The class that declares the method. */
  readonly declarer: Type;
  readonly property: string | symbol;
  readonly #original: (...args: never[]) => unknown;
  readonly #operations: Operation[] = [];
  readonly #plans = new WeakMap<Type, Plan>();
  /** Of the class whose object was called last: mostly there is but one. */
  #lastPlan: Plan | undefined;
  /** Classes with objects that were called without a cache while an application was running. */
  readonly #plainlyCalled = new WeakSet<Type>();
  #signature: MethodSignature | undefined;
  #returnsObservable: boolean | undefined;

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
  }

  /** The name in default keys: of symbols with one description, all but the first bear a number. */
  get #keyName(): string {
    const namesakes = Object.getOwnPropertySymbols(this.declarer.prototype).filter(
      (symbol) => String(symbol) === this.name,
    );
    const position = namesakes.indexOf(this.property as symbol);
    return position > 0 ? `${this.name}#${position + 1}` : this.name;
  }

  /** How many classes below the declarer have its name, so that default keys would take one for the other. */
  #namesakes(type: Type): number {
    let count = 0;
    for (let owner: unknown = type; typeof owner === 'function'; owner = Object.getPrototypeOf(owner)) {
      if (owner === this.declarer) break;
      if (owner.name === this.declarer.name) count += 1;
    }
    return count;
  }

  /** Class, method and one of its decorators, for messages. */
  place(decorator: string): string {
    return `${this.declarer.name}.${this.name} ${decorator}`;
  }

  /** The module instances that the operations use on objects of a class, in their order. */
  instances(type: Type): readonly string[] {
    return this.#plan(type).instances;
  }

  /**
   * Compiles the decorators for objects of a class, once; in the order of `operations`.
   *
   * @throws {DecoratorError} naming class, method, decorator, mistake and mend.
   * @throws {InvalidOptionsError} likewise, in its path.
   */
  compile(type: Type): readonly CompiledOperation[] {
    const plan = this.#plan(type);
    plan.compiled ??= this.#operations.map((operation) => {
      const place = this.place(operation.decorator);
      return withPlace(place, () =>
        operation.compile({
          declarer: { name: this.declarer.name, namesakes: this.#namesakes(type) },
          method: this.#keyName,
          place,
          signature: this.signature,
          tellsObjectsApart: typeof (type.prototype as Partial<CacheKeyPart>).toCacheKey === 'function',
          defaults: readClassDefaults(type),
        }),
      );
    });
    return plan.compiled;
  }

  /** Calls the method on an object: through its decorators where an application has given the object a cache. */
  call(self: object | undefined, args: readonly unknown[]): unknown {
    if (self === undefined) return Reflect.apply(this.#original, self, args);
    const type = self.constructor as Type;
    const plan = this.#plan(type);
    const first = cachedFrom(plan, self, 0);
    if (first === plan.slots.length) {
      this.#noticePlainCall(type);
      return Reflect.apply(this.#original, self, args);
    }
    const forced = forcedCalls.underWay > 0 && isForced();
    this.#returnsObservable ??= isOfObservable(this.signature);
    if (!this.#returnsObservable) {
      const way = forced ? this.#way(plan, true) : (plan.usual ??= this.#way(plan, false));
      return this.#enter(first, self, args, way);
    }
    return asObservable((emissions) => this.#enter(first, self, args, this.#way(plan, forced, emissions)));
  }

  /** An object without a cache is all there is in a unit test, and a mistake beside a running application: said once. */
  #noticePlainCall(type: Type): void {
    if (!ModuleCache.anyServes || this.#plainlyCalled.has(type)) return;
    this.#plainlyCalled.add(type);
    new Logger('Memcached').warn(
      `${this.place(this.#operations[0].decorator)} does nothing on a ${type.name} that no module has provided; name the ` +
        "class in a module's 'providers' and have it injected.",
    );
  }

  #plan(type: Type): Plan {
    if (type === this.#lastPlan?.type) return this.#lastPlan;
    let plan = this.#plans.get(type);
    if (plan === undefined) {
      const instances = this.#operations.map(({ name }) => name ?? instanceOfClass(type));
      plan = {
        type,
        instances,
        slots: instances.map(getModuleCacheToken),
        compiled: undefined,
        usual: undefined,
      };
      this.#plans.set(type, plan);
    }
    this.#lastPlan = plan;
    return plan;
  }

  #way(plan: Plan, isForced: boolean, emissions?: Emissions): Way {
    const way: Way = {
      plan,
      isForced,
      emissions,
      enter: (at, self, args) => this.#enter(cachedFrom(plan, self, at), self, args, way),
    };
    return way;
  }

  #enter(at: number, self: object, args: readonly unknown[], way: Way): Promise<unknown> {
    try {
      const { plan } = way;
      if (at === plan.slots.length) return this.#run(self, args, way.emissions);
      const compiled = plan.compiled ?? this.compile(plan.type);
      const cache = (self as Hosted)[plan.slots[at]] as ModuleCache;
      return compiled[at].step(new Call(cache, self, args, way, at));
    } catch (error) {
      return rejection(error);
    }
  }

  async #run(self: object, args: readonly unknown[], emissions: Emissions | undefined): Promise<unknown> {
    const storing = this.#operations.find((operation) => operation.stores);
    const place = this.place((storing ?? this.#operations[0]).decorator);
    const returned: unknown = Reflect.apply(this.#original, self, args);
    if (isObservable(returned)) {
      if (emissions === undefined && !this.signature.isCalledByNest) {
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

function isOfObservable({ returnType }: MethodSignature): boolean {
  // By name as well: the application may have another copy of rxjs.
  return returnType === Observable || (returnType as Type | undefined)?.name === 'Observable';
}

/** How a method's decorators work on the objects of one class. */
interface Plan {
  readonly type: Type;
  readonly instances: readonly string[];
  /** Under which symbol objects hold the cache of each operation. */
  readonly slots: readonly symbol[];
  compiled: readonly CompiledOperation[] | undefined;
  /** Of calls that are nothing special. */
  usual: Way | undefined;
}

/** The way of a call by a plan. */
interface Way extends Route {
  readonly plan: Plan;
  /** Of the caller's subscription, where the method returns an observable. */
  readonly emissions: Emissions | undefined;
}

/** From a decorator on, the position of the first whose cache the object has; behind the last where there is none. */
function cachedFrom({ slots }: Plan, self: object, from: number): number {
  let at = from;
  while (at < slots.length && (self as Hosted)[slots[at]] === undefined) at += 1;
  return at;
}

/** An object of a class with decorated methods: it holds a cache under the token of each module instance it uses. */
export type Hosted = Record<symbol, ModuleCache | undefined>;

/** What was thrown, as the rejection that callers of a promise expect. */
async function rejection(error: unknown): Promise<never> {
  throw error;
}
