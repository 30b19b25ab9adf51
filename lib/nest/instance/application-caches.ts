import { isDeepStrictEqual } from 'node:util';
import { InvalidOptionsError } from '../../errors.js';
import { DEFAULT_NAME } from './module-name.js';

/**
 * What the modules of one application have in common: those of one name and the same options share one service, with one
 * pool of connections and one cache, in whatever feature modules they are written.
 */
export class ApplicationCaches {
  static readonly #ofApplications = new WeakMap<object, ApplicationCaches>();
  readonly #services = new Map<string, { readonly options: object; readonly service: object }>();
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
   * The service of the modules with a name; made for the first of them.
   *
   * @throws {InvalidOptionsError} when another module of that name has other options.
   */
  service<T extends object>(name: string, options: object, make: () => T): T {
    const known = this.#services.get(name);
    if (known === undefined) {
      const service = make();
      this.#services.set(name, { options, service });
      return service;
    }
    if (isDeepStrictEqual(known.options, options)) return known.service as T;
    const modules = name === DEFAULT_NAME ? 'without a name' : `with the name '${name}'`;
    throw new InvalidOptionsError(
      differingOption(known.options, options),
      `differs between two MemcachedModules ${modules} in one application; give both the same options (kept in one ` +
        `constant, where they hold functions), or tell the modules apart by 'name'`,
    );
  }

  /** What goes with a service, one of a kind; made for the first module that asks. */
  companion<T extends object>(service: object, kind: string, make: () => T): T {
    let companions = this.#companions.get(service);
    if (companions === undefined) this.#companions.set(service, (companions = new Map()));
    const known = companions.get(kind) as T | undefined;
    if (known !== undefined) return known;
    const made = make();
    companions.set(kind, made);
    return made;
  }
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
