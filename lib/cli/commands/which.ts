import type { MemcachedClient } from '../../client/client.js';
import { encodeUnusualKey } from '../../client/key-encoder.js';
import type { ItemFacts } from '../../client/item-looks.js';
import { createPlacement, DISTRIBUTION_NAMES } from '../../cluster/distribution/distribution.js';
import { partThatCounts } from '../../cluster/distribution/hashed-part.js';
import { MemcachedError } from '../../errors.js';
import type { CommonDistributionOptions, DistributionName } from '../../options/distribution-options.js';
import { type Invocation, type Command, textOf, UsageError } from '../command.js';
import { printable, table, type Row } from '../table.js';
import { wireText } from '../wire-text.js';
import { bytesText, durationText, shareText } from '../wording.js';
import { downServers, listServers } from './server-list.js';

/** Which server a key belongs to. */
export const which: Command = {
  name: 'which',
  operands: 'KEY…',
  arity: [1, Number.POSITIVE_INFINITY],
  summary: 'which server a key belongs to, under any distribution',
  help: [
    "Nobody is asked: the server follows from the list, the weights and the distribution. Give the same list as the application, in the same order and spelling, and its keyPrefix by --prefix; 'on the wire' is then the key that other clients have to use, 'hashed' the part of it that decides.",
    "Two clients that read each other's values have to agree here. --all shows what every distribution makes of the key: find the one under which the other client's server stands.",
    "--look asks the server for the item: whether it is there, how large, for how much longer, when it was read last. The look counts as no access, and its value is not shown. In the classic dialect it is a read, and tells less. 'without it' is the server that stands in with failover 'next'.",
  ],
  examples: [
    ['which user:1 -s 10.0.0.1,10.0.0.2=2', 'as the application has it by default'],
    ['which user:1 -d python-memcached', 'as python-memcached has it'],
    ['which user:1 --all', 'under every distribution'],
    ['which product:7 -p shop: --look', 'and whether it is there'],
  ],
  flags: {
    all: { type: 'boolean', short: 'a', text: 'under every distribution' },
    look: { type: 'boolean', short: 'l', text: 'ask the server for the item' },
    down: {
      type: 'string',
      multiple: true,
      value: 'SERVER',
      text: "take this server as out, by the distribution's rule for failover 'next'; may be repeated",
    },
  },
  async run(call) {
    if (call.flags.all === true && call.flags.look === true)
      throw new UsageError('which: --look asks one server, and --all names many; leave one of them out');
    await listServers(call);
    if (call.flags.all === true) return showAll(call);
    let code = 0;
    for (const key of call.operands) {
      const place = placeOf(call, key);
      const found = call.flags.look === true ? await look(call, key, place.server) : undefined;
      if (found !== undefined && 'error' in found) code = 1;
      if (call.json)
        await call.terminal.json({ ...place, ...(found === undefined ? {} : { item: itemJson(found) }) });
      else await show(call, place, found);
    }
    return code;
  },
};

/** Where a key belongs, and as what. */
interface Place {
  readonly key: string;
  /** As it stands on the wire, with its prefix. */
  readonly wire: string;
  /** Whether memcached would not take the key as it is; what is no text then is shown as `\\xff`. */
  readonly encoded: boolean;
  readonly hashed: string;
  readonly distribution: string;
  readonly server: string;
  readonly weight: number;
  readonly standIn?: string;
}

function placeOf(call: Invocation, key: string): Place {
  const { client, flags } = call;
  const down = downServers(call);
  const full = `${textOf(flags, 'prefix') ?? ''}${key}`;
  const server = client.serverFor(key, { down });
  const wire = encodeUnusualKey(full, 'encode');
  const { weight } = client.topology().find((node) => node.server === server)!;
  const { name, options } = distributionOf(flags);
  return {
    key,
    wire: wireText(wire),
    encoded: wire !== Buffer.from(full, 'utf8').toString('latin1'),
    hashed: partThatCounts(options)?.(full) ?? full,
    distribution: name,
    server,
    weight,
    ...standInOf(client, key, [...down, server]),
  };
}

function standInOf(client: MemcachedClient, key: string, down: readonly string[]): { standIn?: string } {
  try {
    return { standIn: client.serverFor(key, { down }) };
  } catch (error) {
    // There is no other server.
    if (error instanceof MemcachedError) return {};
    throw error;
  }
}

function distributionOf(flags: Invocation['flags']): {
  name: string;
  options: CommonDistributionOptions;
} {
  const given = textOf(flags, 'distribution') ?? 'ketama';
  if (!given.trimStart().startsWith('{')) return { name: given, options: {} };
  const options = JSON.parse(given) as CommonDistributionOptions & { type: DistributionName };
  return { name: options.type, options };
}

async function show(call: Invocation, place: Place, found: Item | undefined): Promise<void> {
  const { terminal, client } = call;
  const weights = client.topology().reduce((sum, { weight }) => sum + weight, 0);
  const { key, wire, encoded, hashed, distribution, server, weight, standIn } = place;
  const rows: Row[] = [
    ['  on the wire', encoded ? `${wire} (encoded: memcached takes no such key)` : wire],
    ['  hashed', `${printable(hashed)}, by ${distribution}`],
    [
      '  server',
      `${terminal.style('bold', server)} (weight ${weight}, ${shareText(weight / weights)} of the weights)`,
    ],
    ['  without it', standIn ?? 'nobody'],
  ];
  if (found !== undefined) rows.push(['  item', itemText(found)]);
  await terminal.line(terminal.style('bold', printable(key)));
  for (const line of table([{ title: '' }, { title: '' }], rows).slice(1)) await terminal.line(line);
}

/** A row for each distribution, a column for each key. */
async function showAll(call: Invocation): Promise<number> {
  const { terminal, operands, flags, client } = call;
  const down = downServers(call);
  const prefix = textOf(flags, 'prefix') ?? '';
  const { servers } = client.looks;
  const isDown = (index: number): boolean => down.includes(servers[index].id);
  const names = DISTRIBUTION_NAMES.filter((name) => name !== 'modulo');
  const { name: asked, options: askedOptions } = distributionOf(flags);
  // `modulo` is another name of python-memcached's.
  const given = asked === 'modulo' ? 'python-memcached' : asked;
  const places = names.map((name) => {
    // What was said of one of them holds here, too.
    const options = name === given ? { ...askedOptions, type: name } : name;
    const placement = createPlacement(options, servers);
    const owners = operands.map(
      (key) => servers[placement.indexWithout(`${prefix}${key}`, isDown)]?.id ?? '-',
    );
    const [warning = ''] = placement.warnings;
    return { name, owners, note: warning.replace(`distribution '${name}' `, '').split(':')[0] };
  });
  if (call.json) {
    for (const { name, owners } of places)
      for (const [index, server] of owners.entries())
        await terminal.json({ key: operands[index], distribution: name, server });
    return 0;
  }
  const columns = [
    { title: 'DISTRIBUTION' },
    ...operands.map((key) => ({ title: printable(key) })),
    { title: '' },
  ];
  const rows = places.map(({ name, owners, note }) => [name, ...owners, terminal.style('dim', note)]);
  for (const line of table(columns, rows, (titles) => terminal.style('bold', titles)))
    await terminal.line(line);
  return 0;
}

/** What a server says of an item, or why it says nothing. */
type Item = ItemFacts | { readonly error: { readonly code: string; readonly message: string } };

async function look({ client, ended }: Invocation, key: string, server: string): Promise<Item> {
  try {
    return await client.looks.at(server, key, { signal: ended });
  } catch (error) {
    if (!(error instanceof MemcachedError)) throw error;
    return { error: { code: error.code, message: error.message } };
  }
}

/** A row for programs. */
function itemJson(item: Item): object {
  if ('error' in item || !item.there) return item;
  const { note: _, ...facts } = item;
  return facts;
}

function itemText(item: Item): string {
  if ('error' in item) return printable(item.error.message);
  if (!item.there) return 'not there';
  const { size, flags, ttl, lastAccessSeconds, readBefore, stale } = item;
  const facts = [`${bytesText(size)}, flags ${flags}`];
  // The classic dialect tells neither.
  if (lastAccessSeconds !== undefined) {
    facts.push(ttl === undefined ? 'never expires' : `${durationText(ttl / 1000)} left`);
    const ago = `${durationText(lastAccessSeconds)} ago`;
    facts.push(readBefore === true ? `last read ${ago}` : `stored ${ago} and never read`);
  }
  if (stale === true) facts.push('marked stale');
  return facts.join(', ');
}
