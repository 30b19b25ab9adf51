import type { Observable } from 'rxjs';

/** Any method; its parameters are checked where a decorator meets it. */
export type AnyMethod = (...args: never[]) => unknown;

/** What the caller of a method gets in the end: of its promise, or of its observable. */
export type ResultOf<M extends AnyMethod> =
  ReturnType<M> extends Observable<infer T> ? T : Awaited<ReturnType<M>>;

/** A key or a tag: a template, or a function of the method's arguments that returns it, or a list of its parts. */
export type KeyOption<A extends readonly unknown[]> = string | ((...args: A) => string | readonly unknown[]);

/** A key or a tag made from what the method returned, and its arguments. */
export type ResultKeyOption<A extends readonly unknown[], R> = (
  result: R,
  ...args: A
) => string | readonly unknown[];

/**
 * A decorator for methods that its options fit: every function among them takes the method's own parameters (or fewer
 * of them), and the method returns a promise or an observable. On any other method it does not compile.
 */
export type MethodDecoratorFor<O> = <M extends AnyMethod>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & Fits<O, M>,
) => void;

type Fits<O, M extends AnyMethod> = FitsReturn<M> & FitsArguments<O, M> & FitsResult<O, M>;

type FitsReturn<M extends AnyMethod> =
  ReturnType<M> extends PromiseLike<unknown> | Observable<unknown>
    ? unknown
    : { 'a decorated method returns a Promise or an Observable': never };

/** Options whose functions get the arguments alone. */
type FromArguments = 'key' | 'keys' | 'when' | 'tags';

/** Options whose functions get what the method returned before the arguments. */
type FromResult = 'unless' | 'ttl' | 'keyOf' | 'keysOf' | 'tagsOf';

type FitsArguments<O, M extends AnyMethod> = {
  [N in keyof O & FromArguments]: Functions<O[N]> extends (...args: Parameters<M>) => unknown ? never : N;
}[keyof O & FromArguments] extends infer Misfit
  ? Complaint<Misfit, "this option's function takes other parameters than the method">
  : never;

type FitsResult<O, M extends AnyMethod> = {
  [N in keyof O & FromResult]: Functions<O[N]> extends (
    result: ResultOf<M>,
    ...args: Parameters<M>
  ) => unknown
    ? never
    : N;
}[keyof O & FromResult] extends infer Misfit
  ? Complaint<Misfit, "this option's function takes other parameters than the method's result and parameters">
  : never;

/** The functions in an option: itself, or the items of a list. */
type Functions<T> = Extract<T extends readonly (infer Item)[] ? Item : T, AnyMethod>;

type Complaint<Misfit, Message extends string> = [Misfit] extends [never]
  ? unknown
  : { [N in Misfit & string]: Message };
