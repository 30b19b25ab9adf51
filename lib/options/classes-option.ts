import { InvalidOptionsError } from '../errors.js';
import type { Constructor } from './codec-options.js';
import type { Reader } from './schema.js';

/** Classes as written: a list of them, or a function that returns it, since a class may not be there yet. */
export type ClassesOption = readonly Constructor[] | (() => readonly Constructor[]);

/** The classes that a method's values consist of, asked for when all modules are there. */
export const readClasses: Reader<() => readonly Constructor[]> = (value, path) => {
  const read = (classes: unknown): readonly Constructor[] => {
    if (Array.isArray(classes) && classes.every((each) => typeof each === 'function')) return classes as [];
    throw new InvalidOptionsError(
      path,
      'expected a list of classes such as [Product], or () => [Product] where one file imports the other in a circle',
    );
  };
  if (value === undefined) return () => [];
  return typeof value === 'function' ? () => read((value as () => unknown)()) : () => read(value);
};
