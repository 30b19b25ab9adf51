import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

const SUFFIX = '.test';

/** Two attempts of five seconds: what resolv.conf says when it says nothing. */
const GIVES_UP_MS = 10_000;

/** Answers for names that end in `.test`, in place of the system's resolver, in this process. */
export class FakeNames {
  /** By name: an address, `'fails'`, or `'hangs'`: then the resolver gives up after a while, as the system's does. */
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

  async #answer(name) {
    const address = this.addresses[name];
    if (address === 'hangs') {
      await sleep(GIVES_UP_MS, undefined, { ref: false });
      throw failure(name, 'EAI_AGAIN');
    }
    if (address === undefined || address === 'fails') throw failure(name, 'ENOTFOUND');
    return address;
  }
}

function failure(name, code) {
  const error = new Error(`getaddrinfo ${code} ${name}`);
  return Object.assign(error, { code, syscall: 'getaddrinfo', hostname: name });
}
