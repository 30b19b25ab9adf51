import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Which tests hold what the FAQ answers, by its questions: a file of test/, and a title in it. */
const ANSWERS: Record<string, [file: string, title: string][]> = {
  'Why does my method run every time?': [
    ['nest/notices.spec.ts', 'tell once an hour that calls of a method leave nothing, and why'],
  ],
  'Is a ttl in seconds or in milliseconds?': [
    [
      'docs/vocabulary.spec.ts',
      'refuses a ttl that stands where options belong with the form that was meant',
    ],
    ['client/contract/contract.ts', 'takes milliseconds and texts with a unit, beyond 30 days too'],
  ],
  'Does `ttl: 0` mean never, or at once?': [
    ['options/cache-policy.spec.ts', "[{ ttl: 0 }, 'cache.ttl: 0 ms is below one second']"],
    ['options/cache-policy.spec.ts', 'takes never for a ttl'],
  ],
  'How do I not cache one route, when all are cached by default?': [
    ['nest/http/choices.spec.ts', 'is up to the hooks of a subclass'],
  ],
  'I run ten pods. Does each compute the value once?': [
    ['cache/processes.spec.ts', 'load every cold key once in all, with 20 callers each'],
  ],
  'What if the one that computes dies?': [
    ['cache/signs-of-life.spec.ts', 'costs the others the lease and a second when its process dies'],
  ],
  'A server is down and all requests hang. What do I set?': [
    ['cache/faulty-store.spec.ts', 'returns what the loader returns when the server is gone'],
    ['cache/faulty-store.spec.ts', 'waits for a server that hangs once, and not again until it is back'],
  ],
  'Can it fail over to another server?': [
    ['cluster/cluster.spec.ts', 'sends its keys to the next server (failover next)'],
  ],
  'Why is my key gone before its ttl?': [
    ['cli/watching.spec.ts', 'tells of evictions when they begin and when they are over'],
  ],
  'Memcached or Redis?': [['docs/comparison.spec.ts', 'has a row for everything that is measured']],
  'Can hot values stay in the process?': [
    ['near/near-cache.spec.ts', 'serves what is read often without asking the store'],
    ['near/near-cache.spec.ts', 'is off by default'],
  ],
  'Can I list all keys, or delete by pattern?': [
    ['cli/servers.spec.ts', 'lists keys, a dead server costing its part alone'],
    ['cache/tags.spec.ts', 'invalidate everything under a prefix'],
  ],
  'How do I clear the cache after a deploy?': [
    ['cache/schema.spec.ts', 'does not serve as stale what does not fit'],
  ],
  'Does it work with `@nestjs/cache-manager`?': [
    [
      'adapters/cache-manager-store.spec.ts',
      'loads once in wrap, null as well, and gives back what was loaded',
    ],
  ],
  'Are `null`, dates, maps and entities cached as they are?': [
    ['client/contract/contract.ts', 'tells a stored null from a miss'],
    ['client/codec/round-trip.spec.ts', 'for anything made of what structured clone can carry'],
    ['client/codec/class-types.spec.ts', 'has its instances back, at any depth'],
  ],
  "Can a user get another user's answer?": [
    [
      'nest/http/http-cache.spec.ts',
      'lets requests with Authorization past what is for everyone, and does not store theirs',
    ],
    ['nest/http/http-cache.spec.ts', "it.each(['cookie', 'no-store'"],
    ['nest/transports/cls.spec.ts', 'refuses a request without a tenant, and a call outside of a request'],
  ],
  'How large may a value be?': [
    ['cache/faulty-store.spec.ts', 'returns values that are too large to be stored'],
    ['client/codec-option.spec.ts', 'compresses, so that values above the item limit fit'],
  ],
  'How many connections does it open?': [
    ['cluster/cluster.spec.ts', 'connects once to each server, however many commands come first'],
    ['connection/writing.spec.ts', 'takes one write for all that one turn of the event loop asks for'],
  ],
  "Does it work behind twemproxy, mcrouter, memcached's proxy, ElastiCache?": [
    ['client/contract/transports.spec.ts', 'twemproxy'],
    ['near/behind-proxy.spec.ts', 'serve what others have changed no longer than they may'],
  ],
  'Is a value encrypted?': [
    ['client/codec/sealing-codec.spec.ts', 'do not open what another key of the same id sealed'],
  ],
  'Does it work in serverless functions?': [
    ['nest/start.spec.ts', 'connects to nobody where that is left to the first command'],
  ],
};

describe('the answers of the FAQ', () => {
  it('are those that tests are named for', () => {
    const questions = [...read('docs/faq.md').matchAll(/^## (.+)$/gm)].map(([, question]) => question);
    expect(questions).toEqual(Object.keys(ANSWERS));
  });

  it.each(Object.entries(ANSWERS))('are held by tests that there are: %s', (_question, tests) => {
    for (const [file, title] of tests) {
      expect([file, existsSync(new URL(`../${file}`, import.meta.url))]).toEqual([file, true]);
      expect(read(`test/${file}`)).toContain(title);
    }
  });
});
