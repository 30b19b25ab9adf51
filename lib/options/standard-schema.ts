import { InvalidOptionsError } from '../errors.js';
import { described } from './schema.js';

/** A schema of any library that follows Standard Schema, such as Zod, Valibot and ArkType. @see https://standardschema.dev */
export interface StandardSchema {
  readonly '~standard': {
    /** Tells by `issues` what does not fit; none are there when the value does. */
    readonly validate: (value: unknown) => Validation | Promise<Validation>;
  };
}

interface Validation {
  readonly issues?: readonly unknown[] | undefined;
}

/** Takes what follows Standard Schema. */
export const standardSchema = described(
  (value, path) => {
    const takesMembers = typeof value === 'function' || (typeof value === 'object' && value !== null);
    if (takesMembers && typeof (value as Partial<StandardSchema>)['~standard']?.validate === 'function') {
      return value as StandardSchema;
    }
    throw new InvalidOptionsError(
      path,
      "expected a schema that follows Standard Schema (Zod 3.24, Valibot 1, ArkType 2 or later): it has no '~standard'",
    );
  },
  { type: 'StandardSchema' },
);

/** Whether a value fits; a schema that throws at it says no. */
export async function fits(schema: StandardSchema, value: unknown): Promise<boolean> {
  try {
    return (await schema['~standard'].validate(value)).issues === undefined;
  } catch {
    return false;
  }
}
