import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

const SUFFIX = '.test';

/** Answers for names that end in `.test`, in place of the system's resolver, in this process. */
export class FakeNames {
  /** By name: an address, `'fails'`, or `'hangs'`. */
  addresses = {};

  constructor() {
    const { lookup } = dns;
    const { lookup: promised } = dns.promises;
    dns.lookup = (name, ...rest) => {
      if (!name.endsWith(SUFFIX)) return lookup(name, ...rest);
      const callback = rest.at(-1);
      const given = typeof rest[0] === 'object' ? rest[0] : {};
      this.#answer(name).then(
        (address) => (given.all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4)),
        (error) => callback(error),
      );
    };
    dns.promises.lookup = async (name, options) => {
      if (!name.endsWith(SUFFIX)) return promised(name, options);
      const address = await this.#answer(name);
      return options?.all ? [{ address, family: 4 }] : { address, family: 4 };
    };
    syncBuiltinESMExports();
  }

  #answer(name) {
    const address = this.addresses[name];
    if (address === 'hangs') return new Promise(() => undefined);
    if (address !== undefined && address !== 'fails') return Promise.resolve(address);
    const error = new Error(`getaddrinfo ENOTFOUND ${name}`);
    return Promise.reject(
      Object.assign(error, { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: name }),
    );
  }
}
