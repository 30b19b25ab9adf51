/* Keyv's suite over our store: `node cases.mjs DIST SERVER`, in a folder where the suite is installed. */
import { pathToFileURL } from 'node:url';
import { keyvApiTests, keyvIteratorTests, keyvNamespaceTest, keyvValueTests } from '@keyv/test-suite';
import { expect } from 'expect';
import { Keyv } from 'keyv';

const [dist, servers] = process.argv.slice(2);
const library = (file) => import(new URL(file, pathToFileURL(`${dist}/`)).href);
const { MemcachedService } = await library('index.js');
const { createKeyvStore } = await library('adapters/keyv.js');

/** Keyv 5 iterates over stores of a closed list of dialects; others it has to be told to, by a method of its own. */
class IteratingKeyv extends Keyv {
  constructor(options) {
    super(options);
    this.iterator = this.generateIterator((namespace) => this.store.iterator(namespace));
  }
}

const service = new MemcachedService({ servers });
const cases = [];
for (const part of [keyvApiTests, keyvValueTests, keyvNamespaceTest, keyvIteratorTests]) {
  const [before, after] = [[], []];
  const add = (name, body) => void cases.push({ name, steps: [before, [body], after] });
  const test = Object.assign(add, {
    it: add,
    beforeEach: (step) => void before.push(step),
    afterEach: (step) => void after.push(step),
  });
  part(test, IteratingKeyv, () => createKeyvStore(service, { keyv: 5 }));
}

const failures = [];
for (const { name, steps } of cases) {
  try {
    for (const step of steps.flat()) await step({ expect });
  } catch (error) {
    failures.push(`${name}: ${error.message}`);
  }
}
await service.close();
console.log(`${cases.length - failures.length} of ${cases.length} cases of @keyv/test-suite`);
for (const failure of failures) console.log(failure);
process.exitCode = failures.length > 0 || cases.length < 40 ? 1 : 0;
