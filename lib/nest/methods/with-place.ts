import { DecoratorError } from '../../errors.js';

/** Adds the place to a message that lacks it. */
export function withPlace<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DecoratorError) || error.message.startsWith(place)) throw error;
    throw new DecoratorError(`${place}: ${error.message}`, { cause: error });
  }
}
