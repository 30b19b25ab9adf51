import type { Observable } from 'rxjs';

/** Any method; its parameters are checked where a decorator meets it. */
export type AnyMethod = (...args: never[]) => unknown;

/** What the caller of a method gets in the end: of its promise, or of its observable. */
export type ResultOf<M extends AnyMethod> =
  ReturnType<M> extends Observable<infer T> ? T : Awaited<ReturnType<M>>;

/**
 * A decorator for methods that its options fit: every function among them takes the method's own parameters (or fewer
 * of them), and the method returns a promise or an observable. On any other method it does not compile.
 */
export type MethodDecoratorFor<O> = <M extends AnyMethod>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & Fits<O, M>,
) => void;

/** One of the ids that a batch method takes as its first argument. */
export type IdOf<M extends AnyMethod> =
  Parameters<M> extends readonly [infer Ids, ...(readonly unknown[])]
    ? Ids extends Iterable<infer Id>
      ? Id
      : never
    : never;

/** The parameters of a batch method after its ids. */
export type RestOf<M extends AnyMethod> =
  Parameters<M> extends readonly [unknown, ...infer Rest] ? Rest : never;

/** What a batch method returns for one id. */
export type RowOf<M extends AnyMethod> =
  ResultOf<M> extends ReadonlyMap<unknown, infer Row>
    ? Row
    : ResultOf<M> extends Iterable<infer Row>
      ? Exclude<Row, undefined>
      : never;

/** What the options of a batch method have to say of the shape of its result. */
export type ShapeOf<M extends AnyMethod> =
  ResultOf<M> extends ReadonlyMap<unknown, unknown> ? { returns: 'map' } : { returns?: 'list' };

/** As `MethodDecoratorFor`, for methods that take a list of ids first and return what belongs to them. */
export type BatchDecoratorFor<O> = <M extends AnyMethod>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & FitsBatch<O, M>,
) => void;

type FitsBatch<O, M extends AnyMethod> = FitsReturn<M> &
  ([IdOf<M>] extends [never] ? { 'a batch method takes a list of ids first': never } : unknown) &
  FitsFunction<O, 'key', (id: IdOf<M>, ...rest: RestOf<M>) => unknown> &
  FitsFunction<O, 'idOf', (row: RowOf<M>) => IdOf<M>> &
  FitsFunction<O, 'ttl', (row: RowOf<M>) => unknown> &
  FitsFunction<O, 'when', (...args: Parameters<M>) => unknown> &
  Complaint<
    ResultOf<M> extends ReadonlyMap<unknown, unknown>
      ? O extends { returns: 'map' }
        ? never
        : 'returns'
      : never,
    "the method returns a map: say so by returns: 'map'"
  >;

type FitsFunction<O, N extends string, F extends AnyMethod> = Complaint<
  O extends Record<N, infer Given> ? (Functions<Given> extends F ? never : N) : never,
  'this function takes or returns other types than the method'
>;

type Fits<O, M extends AnyMethod> = FitsReturn<M> &
  FitsArguments<O, M> &
  FitsResult<O, M> &
  FitsInitial<O, M>;

type FitsReturn<M extends AnyMethod> =
  ReturnType<M> extends PromiseLike<unknown> | Observable<unknown>
    ? unknown
    : { 'a decorated method returns a Promise or an Observable': never };

/** Options whose functions get the arguments alone. */
type FromArguments = 'key' | 'keys' | 'when' | 'tags';

/** Options whose functions get what the method returned before the arguments. */
type FromResult = 'unless' | 'ttl' | 'keyOf' | 'keysOf' | 'tagsOf';

type FitsArguments<O, M extends AnyMethod> = Complaint<
  {
    [N in keyof O & FromArguments]: Functions<O[N]> extends (...args: Parameters<M>) => unknown ? never : N;
  }[keyof O & FromArguments],
  "this option's function takes other parameters than the method"
>;

type FitsResult<O, M extends AnyMethod> = Complaint<
  {
    [N in keyof O & FromResult]: Functions<O[N]> extends (
      result: ResultOf<M>,
      ...args: Parameters<M>
    ) => unknown
      ? never
      : N;
  }[keyof O & FromResult],
  "this option's function takes other parameters than the method's result and parameters"
>;

type FitsInitial<O, M extends AnyMethod> = Complaint<
  O extends { initial: infer I }
    ? (I extends (...args: never[]) => infer V ? Awaited<V> : I) extends ResultOf<M>
      ? never
      : 'initial'
    : never,
  'this is no value that the method returns'
>;

/** The functions in an option: itself, or the items of a list. */
type Functions<T> = Known<Extract<T extends readonly (infer Item)[] ? Item : T, AnyMethod>>;

/** Leaves out functions of which nothing is known, as in options that were declared without the method's type. */
type Known<F> = F extends (...args: infer A) => unknown
  ? [number extends A['length'] ? A[number] : unknown] extends [never]
    ? never
    : F
  : never;

type Complaint<Misfit, Message extends string> = [Misfit] extends [never]
  ? unknown
  : { [N in Misfit & string]: Message };
