/*
 * The words of the tagged form: JSON in which a text that begins with "~" says what JSON cannot.
 *
 * A scalar is one text, with what belongs to it behind the tag:       "~t1700000000000"
 * A collection is an array that begins with a tag of "~#" and a letter: ["~#M", key, value, …]
 * A text of the user's that begins with "~" gets a second one in front: "~~…"
 *
 * So nothing a user stores can be taken for a tag. Property names are never tags. Objects are numbered in the order in
 * which a reader meets their beginnings; a second appearance is "~r" and that number, which carries cycles.
 */

/** The code of "~", which begins every tag. */
export const TAG_CODE = 0x7e;

export const ESCAPE = '~';

export const UNDEFINED = '~u';
export const NAN = '~n';
export const INFINITE = '~i';
export const MINUS_INFINITE = '~m';
export const MINUS_ZERO = '~z';

/** Followed by decimal digits. */
export const BIGINT = '~g';

/** Followed by milliseconds since 1970, or nothing for an invalid date. */
export const DATE = '~t';

/** Followed by the number of an object that has appeared before. */
export const REFERENCE = '~r';

/** `[MAP, key, value, key, value, …]` */
export const MAP = '~#M';

/** `[SET, item, item, …]` */
export const SET = '~#S';

/** `[NULL_PROTOTYPE, properties]` */
export const NULL_PROTOTYPE = '~#N';

/** An array with holes or named properties: `[SPARSE, length, properties]` */
export const SPARSE = '~#A';

/** `[REGEXP, source, flags, lastIndex]` */
export const REGEXP = '~#R';

/** A `new Number()`, `new String()`, `new Boolean()` or `Object(1n)`: `[BOX, what is in it]` */
export const BOX = '~#O';

/** `[ERROR, class, hidden properties, enumerable properties]` */
export const ERROR = '~#E';

/** An instance of a class of `codec.types`: `[INSTANCE, name, what is stored for it]` */
export const INSTANCE = '~#I';

/** `[BYTES, class, length]`: the next so many of the bytes that follow the JSON. */
export const BYTES = '~#B';
