import type { CachePolicy } from '../../options/cache-options.js';
import type { Constructor } from '../../options/codec-options.js';
import type { ClassDefaults } from './class-defaults.js';
import type { Call } from './call.js';
import type { KeyDeclarer } from '../keys/key-compiler.js';
import type { KeyForm } from '../keys/key-template.js';
import type { VaryBy } from '../../options/vary-by.js';
import type { KeyUse } from './key-overlap.js';
import type { MethodSignature } from './method-signature.js';

/**
 * The decorators of one method from the outside in, whatever their order in the source: an answer from the cache spares
 * everything further in, and what is evicted or put is so because the method ran; put last, so that it outlives the tags that
 * the same call evicts.
 */
export const NESTING = ['@Cacheable', '@CacheBatch', '@CachePut', '@CacheEvict', '@CasUpdate'] as const;

/** One decorator on one method, as written. */
export interface Operation {
  readonly decorator: DecoratorName;
  /** Name of the module instance it uses; undefined leaves it to the class. */
  readonly name: string | undefined;
  /** Whether it stores what the method returns, which then must be one value, and no stream. */
  readonly stores: boolean;
  /** Whether its key is made of all arguments, because none was given. */
  readonly usesDefaultKey: boolean;
  /**
   * Turns what was written into what is done.
   *
   * @throws {DecoratorError} without the place, which the caller adds.
   * @throws {InvalidOptionsError} with the place as the beginning of its path.
   */
  compile(facts: MethodFacts): CompiledOperation;
}

/** A decorator at work: calls what lies further in once, several times or not at all. */
export type Step = (call: Call) => Promise<unknown>;

/** A decorator's name as its users write it. */
export type DecoratorName = (typeof NESTING)[number];

/** What is known about a decorated method when its decorators are compiled. */
export interface MethodFacts {
  /** The class that declares the method. */
  readonly declarer: KeyDeclarer;
  readonly method: string;
  /** Class, method and decorator, for messages: `ProductService.find @Cacheable`. */
  readonly place: string;
  readonly signature: MethodSignature;
  /** Whether the objects of the class say by `toCacheKey()` what tells them apart. */
  readonly tellsObjectsApart: boolean;
  /** What the class says for all its methods. */
  readonly defaults: ClassDefaults;
}

/** How objects are made, or only what can be seen in them, where their class has chosen the keys itself. */
export type Common = 'making' | 'state';

/** A decorator ready to work. */
export interface CompiledOperation {
  readonly step: Step;
  /** What the cache is asked to read at boot, so that a wrong option does not wait for the first call. */
  readonly policy: CachePolicy<never> | undefined;
  readonly varyBy: readonly VaryBy[];
  /** Of those that store: the classes that their values consist of. */
  readonly types?: () => readonly Constructor[];
  /** The template of the keys that it reads or stores under. */
  readonly form?: KeyForm | undefined;
  /** Of those that answer from the cache: the keys and tags they look for. */
  readonly reads?: KeyUse;
  /** Of those that store for others: the keys and tags they give. */
  readonly puts?: KeyUse;
  /** Of what is stored: whether requests are kept apart, or may share an answer. */
  readonly isApartByRequest?: boolean;
  /** Of what is stored: what objects of one class have to have in common, since they share their keys; undefined for nothing. */
  readonly commonTo?: Common | undefined;
}
