import { isDeepStrictEqual } from 'node:util';
import { InvalidOptionsError } from '../../errors.js';
import { DEFAULT_NAME } from '../../options/client-options.js';

/**
 * What the modules of one application have in common: those of one name and the same options share one service, with one
 * pool of connections and one cache, in whatever feature modules they are written.
 */
export class ApplicationCaches {
  static readonly #ofApplications = new WeakMap<object, ApplicationCaches>();
  readonly #options = new Map<string, { readonly given: object; readonly read: object }>();
  readonly #companions = new WeakMap<object, Map<string, object>>();

  /** @param application what stands for it: its container of modules. */
  static of(application: object): ApplicationCaches {
    let caches = ApplicationCaches.#ofApplications.get(application);
    if (caches === undefined) {
      caches = new ApplicationCaches();
      ApplicationCaches.#ofApplications.set(application, caches);
    }
    return caches;
  }

  /**
   * The options of the modules with a name; read for the first of them.
   *
   * @throws {InvalidOptionsError} when another module of that name has other options.
   */
  options<Given extends object, Read extends object>(
    name: string,
    given: Given,
    read: (given: Given) => Read,
  ): Read {
    const known = this.#options.get(name);
    if (known === undefined) {
      const options = read(given);
      this.#options.set(name, { given, read: options });
      return options;
    }
    const [before, now] = [known.given, given].map(whatIsSaid) as [object, object];
    if (isDeepStrictEqual(before, now)) return known.read as Read;
    const modules = name === DEFAULT_NAME ? 'without a name' : `with the name '${name}'`;
    throw new InvalidOptionsError(
      differingOption(before, now),
      `differs between two MemcachedModules ${modules} in one application; give both the same options (kept in one ` +
        `constant, where they hold functions), or tell the modules apart by 'name'`,
    );
  }

  /** What goes with an object that modules share, one of a kind; made for the first module that asks. */
  companion<T extends object>(shared: object, kind: string, make: () => T): T {
    let companions = this.#companions.get(shared);
    if (companions === undefined) this.#companions.set(shared, (companions = new Map()));
    const known = companions.get(kind) as T | undefined;
    if (known !== undefined) return known;
    const made = make();
    companions.set(kind, made);
    return made;
  }
}

/** Options without those that are undefined, which are not given. */
function whatIsSaid(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(whatIsSaid);
  if (!isPlainObject(value)) return value;
  const said = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(said.map(([name, each]) => [name, whatIsSaid(each)]));
}

/** The path of the first option in which two differ. */
function differingOption(one: object, other: object): string {
  const [a, b] = [one as Record<string, unknown>, other as Record<string, unknown>];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const name = names.find((each) => !isDeepStrictEqual(a[each], b[each])) ?? '';
  const [inner, outer] = [a[name], b[name]];
  if (!isPlainObject(inner) || !isPlainObject(outer)) return name;
  return `${name}.${differingOption(inner, outer)}`;
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
