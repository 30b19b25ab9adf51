import { isRandomText } from '../../client/random-text.js';
import { MemcachedError } from '../../errors.js';
import { type Invocation, type Command, textOf, wholeNumber } from '../command.js';
import { textOfBytes, wireText } from '../wire-text.js';
import { problemJson, problemText } from './answers.js';
import { checkServer, listServers } from './server-list.js';

/** The keys that the servers hold. */
export const keys: Command = {
  name: 'keys',
  operands: '',
  arity: [0, 0],
  summary: 'the keys that the servers hold, and those that lie on the wrong one',
  help: [
    'One key to a line, server after server, in no order; with --prefix those that have it, without it. Each server walks through all its items once (lru_crawler metadump), one listing at a time: it costs the server some work, and what is stored or dropped meanwhile may be missing or there.',
    "--misplaced shows the keys that lie on another server than the distribution says. Many of them mean that another client of the fleet places keys otherwise, or that the list has changed: 'which KEY --all' tells which distribution it is.",
    "Where a key's bytes do not tell its server, it is never misplaced ('owner' is null in JSON): of keys over 250 bytes or with blanks, memcached has only the beginning and a digest. What near caches keep on every server is in its place everywhere.",
    'twemproxy, ElastiCache Serverless and memcached -o no_lru_crawler do not list keys: exit code 1.',
  ],
  examples: [
    ['keys --limit 20', 'a first look'],
    ['keys -p shop: | cut -d: -f1 | sort | uniq -c | sort -rn | head', 'which kinds of keys are most'],
    ['keys --misplaced -d python-memcached', 'does everybody agree?'],
  ],
  flags: {
    limit: { type: 'string', short: 'n', value: 'NUMBER', text: 'most keys', without: 'all' },
    server: { type: 'string', value: 'SERVER', text: 'of this server alone (host:port)' },
    misplaced: { type: 'boolean', short: 'm', text: 'only keys that belong to another server' },
  },
  async run(call) {
    const { client, flags, ended, terminal } = call;
    await listServers(call);
    const only = textOf(flags, 'server');
    const servers = client.topology().map(({ server }) => server);
    if (only !== undefined) checkServer('server', only, servers);
    let left = wholeNumber(flags, 'limit', 0, Number.MAX_SAFE_INTEGER);
    let code = 0;
    for (const server of only === undefined ? servers : [only]) {
      if (left === 0) break;
      try {
        for await (const bytes of client.looks.keys.bytes({ server, signal: ended })) {
          const owner = await ownerOf(call, bytes, server);
          if (flags.misplaced === true && (owner === null || owner === server)) continue;
          await write(call, bytes, server, owner);
          left -= 1;
          if (left === 0) break;
        }
      } catch (error) {
        if (!(error instanceof MemcachedError) || ended.aborted) throw error;
        code = 1;
        if (call.json) await terminal.json(problemJson(server, error));
        else terminal.note(`${server}: ${problemText(server, error)}`);
      }
    }
    return code;
  },
};

/** How the names end of what near caches keep on every server, behind a prefix that need not be known here. */
const OF_EVERY_SERVER = /(?<!~)~(?:near|epoch:\d{1,3})$/;

/** The server that a key belongs to; `null` where its bytes do not tell: those of a key that is too long bear only a digest. */
async function ownerOf({ client, ended }: Invocation, bytes: string, server: string): Promise<string | null> {
  const key = textOfBytes(bytes);
  if (key === undefined) return null;
  const owner = client.serverFor(key);
  if (owner === server || !OF_EVERY_SERVER.test(key)) return owner;
  const item = await client.looks.at(server, key, { signal: ended }, isRandomText);
  // A value may be called so, too.
  return item.there && !item.note ? owner : server;
}

async function write(
  { terminal, json, flags }: Invocation,
  bytes: string,
  server: string,
  owner: string | null,
): Promise<void> {
  const shown = wireText(bytes);
  if (json) await terminal.json({ key: textOfBytes(bytes) ?? shown, server, owner });
  else if (flags.misplaced === true) await terminal.line(`${shown}  ${server}  belongs to ${owner}`);
  else await terminal.line(shown);
}
