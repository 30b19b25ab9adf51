import { Observable, type Subscriber, type Subscription } from 'rxjs';
import { DecoratorError } from '../../errors.js';

/** A caller's subscription to a decorated method, for what the method emits before its last emission. */
export class Emissions {
  readonly #subscriber: Subscriber<unknown>;
  /** Whether the method completed without an emission. */
  nothing = false;

  constructor(subscriber: Subscriber<unknown>) {
    this.#subscriber = subscriber;
  }

  pass(value: unknown): void {
    this.#subscriber.next(value);
  }

  /** Ends `subscription` when the caller goes away. */
  bind(subscription: { unsubscribe(): void }): void {
    this.#subscriber.add(() => subscription.unsubscribe());
  }
}

/** Makes the observable that a decorated method returns: it runs the decorators for each of its subscribers. */
export function asObservable(run: (emissions: Emissions) => Promise<unknown>): Observable<unknown> {
  return new Observable((subscriber) => {
    const emissions = new Emissions(subscriber);
    run(emissions).then(
      (value) => {
        if (!emissions.nothing) subscriber.next(value);
        subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
  });
}

/**
 * Waits for the one value of an observable that is to be stored.
 *
 * @returns the first emission, once the observable has completed; undefined when there was none.
 * @throws {DecoratorError} at the second emission: one key holds one value.
 */
export function onlyEmission(
  source: Observable<unknown>,
  emissions: Emissions | undefined,
  place: string,
): Promise<unknown> {
  const refuse = (_first: unknown, fail: (error: Error) => void): void =>
    fail(
      new DecoratorError(
        `${place}: the observable emitted more than once, and a key holds one value; ` +
          'gather the emissions (toArray(), last()) before they are returned',
      ),
    );
  return new Promise((resolve, reject) => {
    follow(source, emissions, refuse, resolve, reject);
  });
}

/**
 * Passes the emissions of an observable on as they come, all but the last.
 *
 * @returns the last emission, for whoever has something to do before the caller sees it.
 */
export function lastEmission(
  source: Observable<unknown>,
  emissions: Emissions | undefined,
): Promise<unknown> {
  const pass = (before: unknown): void => emissions?.pass(before);
  return new Promise((resolve, reject) => {
    emissions?.bind(follow(source, emissions, pass, resolve, reject));
  });
}

/** Subscribes, until the end or until `onFurther` fails it, which gets each emission that another one follows. */
function follow(
  source: Observable<unknown>,
  emissions: Emissions | undefined,
  onFurther: (before: unknown, fail: (error: Error) => void) => void,
  resolve: (last: unknown) => void,
  reject: (error: unknown) => void,
): Subscription {
  let count = 0;
  let value: unknown;
  const fail = (refusal: Error): void => {
    reject(refusal);
    // Undefined while a source emits as it is subscribed to; then nothing listens to it any more.
    void Promise.resolve().then(() => subscription.unsubscribe());
  };
  const subscription = source.subscribe({
    next(emitted) {
      count += 1;
      if (count > 1) onFurther(value, fail);
      value = emitted;
    },
    error: reject,
    complete() {
      if (emissions !== undefined) emissions.nothing = count === 0;
      resolve(value);
    },
  });
  return subscription;
}
