/*
 * The page of all options, docs/options.md: names, types and texts from the declarations that users see in their editors,
 * ranges and defaults from the readers that hold users to them.
 *
 *   node scripts/options.mjs [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';

const ROOT = new URL('../', import.meta.url);
const PAGE = new URL('docs/options.md', ROOT);

/** Those of libmemcached, whose list of servers may be sorted. */
const SORTED = new Set(['KetamaOptions', 'LibmemcachedConsistentOptions', 'LibmemcachedModulaOptions']);

/** Every declaration of options: where it is, and the readers that go with it where they are not a function's own. */
const GROUPS = [
  {
    title: 'The module',
    text: '`MemcachedModule.forRoot` takes all options of the client, and these. `isGlobal` and `name` stand beside the factory in `forRootAsync`.',
    declared: [
      ['options/module-options', 'MemcachedModuleOptions', 'MODULE_OPTIONS'],
      ['options/module-options', 'MemcachedModuleExtras', 'MODULE_EXTRAS'],
    ],
  },
  {
    title: '`decorators`',
    declared: [['options/module-options', 'DecoratorsOptions', 'DECORATORS_OPTIONS']],
  },
  { title: 'The client', declared: [['options/client-options', 'ClientOptions', 'CLIENT_OPTIONS']] },
  { title: 'One of `servers`', declared: [['options/server-options', 'ServerOptions', 'SERVER_OPTIONS']] },
  {
    title: '`discovery`',
    text: 'A function that answers the list, or one of these.',
    declared: [['options/discovery-options', 'DiscoveryInterval', 'DISCOVERY_INTERVAL']],
  },
  {
    title: "`discovery: { type: 'dns' }`",
    declared: [['options/discovery-options', 'DnsDiscovery', 'DNS_DISCOVERY']],
  },
  {
    title: "`discovery: { type: 'elasticache' }`",
    declared: [['options/discovery-options', 'ElastiCacheDiscovery', 'ELASTICACHE_DISCOVERY']],
  },
  {
    title: "`discovery: { type: 'function' }`",
    declared: [['options/discovery-options', 'FunctionDiscovery', 'FUNCTION_DISCOVERY']],
  },
  {
    title: '`distribution`',
    text: 'A name, such as `ketama`, a function of your own, or settings: these, and those that go with their `type`. [distributions.md](distributions.md) says which to take.',
    declared: [['options/distribution-options', 'CommonDistributionOptions']],
  },
  ...[
    ['ketama', 'KetamaOptions'],
    ['libmemcached-consistent', 'LibmemcachedConsistentOptions'],
    ['libmemcached-modula', 'LibmemcachedModulaOptions'],
    ['python-memcached', 'PythonMemcachedOptions'],
    ['rendezvous', 'RendezvousOptions'],
    ['twemproxy-ketama', 'TwemproxyKetamaOptions'],
    ['twemproxy-modula', 'TwemproxyModulaOptions'],
    ['spymemcached-modulo', 'SpymemcachedModuloOptions'],
    ['spymemcached-ketama', 'SpymemcachedKetamaOptions'],
    ['npm-memcached', 'NpmMemcachedOptions'],
    ['npm-memcache-ketama', 'NpmMemcacheKetamaOptions'],
    ['npm-memcache-modula', 'NpmMemcacheModulaOptions'],
  ].map(([type, name]) => ({
    title: `\`distribution: { type: '${type}' }\``,
    declared: [
      ['options/distribution-options', name],
      ...(SORTED.has(name) ? [['options/distribution-options', 'SortHosts']] : []),
    ],
  })),
  { title: '`codec`', declared: [['options/codec-options', 'CodecOptions', 'CODEC_OPTIONS']] },
  { title: '`codec.seal`', declared: [['options/codec-options', 'SealOptions', 'SEAL_OPTIONS']] },
  {
    title: '`cache`, and the policy of one call',
    text: 'What stands in `cache` is the default of every call, every decorator and every `@HttpCache` that takes the option.',
    declared: [['options/cache-options', 'CachePolicy', ['options/cache-policy', 'POLICY']]],
  },
  {
    title: '`cache` alone',
    declared: [['options/cache-options', 'CacheOptions', ['options/cache-policy', 'CACHE']]],
  },
  {
    title: '`cache.near`',
    declared: [['options/near-options', 'NearOptions', ['options/near-options', 'NEAR']]],
  },
  {
    title: '`update`',
    declared: [['options/cache-options', 'UpdateOptions', ['options/cache-policy', 'UPDATE']]],
  },
  {
    title: '`invalidate`',
    declared: [['options/cache-options', 'InvalidateOptions', ['options/cache-policy', 'INVALIDATE']]],
  },
  {
    title: '`withLock`',
    declared: [['options/cache-options', 'WithLockOptions', ['options/lock-options', 'LOCK']]],
  },
  { title: '`@Cacheable`', declared: [['options/cacheable-options', 'CacheableOptions', 'CACHEABLE']] },
  { title: '`@CacheBatch`', declared: [['options/cache-batch-options', 'CacheBatchOptions', 'CACHE_BATCH']] },
  { title: '`@CachePut`', declared: [['options/cache-put-options', 'CachePutOptions', 'CACHE_PUT']] },
  { title: '`@CacheEvict`', declared: [['options/cache-evict-options', 'CacheEvictOptions', 'CACHE_EVICT']] },
  { title: '`@CasUpdate`', declared: [['options/cas-update-options', 'CasUpdateOptions', 'CAS_UPDATE']] },
  {
    title: '`@CacheDefaults`',
    declared: [['options/cache-defaults-options', 'CacheDefaultsOptions', 'CACHE_DEFAULTS']],
  },
  {
    title: '`@HttpCache`',
    declared: [['options/http-cache-options', 'HttpCacheOptions', 'HTTP_CACHE_OPTIONS']],
  },
  {
    title: 'The dashboard',
    text: '`MemcachedDashboardModule.forRoot` takes these, and where the page is: [docs/dashboard.md](dashboard.md#options).',
    declared: [['options/dashboard-options', 'DashboardOptions', 'DASHBOARD_OPTIONS']],
  },
  {
    title: 'Health checks',
    declared: [
      ['options/health-options', 'HealthOptions', 'HEALTH_OPTIONS'],
      ['options/health-options', 'ClusterCheckOptions', 'HEALTH_OPTIONS'],
    ],
  },
];

/** Where the options are that others take some of. */
const OF_OTHERS = { CachePolicy: "a call's policy", UpdateOptions: '`update`' };

/**
 * @param {(file: string) => Promise<Record<string, unknown>>} load imports a file of the library, by its path without
 *   extension.
 * @returns {Promise<Row[]>} every option, group by group.
 */
async function rowsOf({ declared }, load) {
  const rows = [];
  for (const [file, name, shape] of declared) {
    const [shapeFile, shapeName] = Array.isArray(shape) ? shape : [file, shape];
    const readers = shape === undefined ? {} : (await load(shapeFile))[shapeName];
    for (const member of membersOf(file, name)) {
      const facts = readers[member.name]?.facts ?? {};
      rows.push({ ...member, facts, declaration: name });
    }
  }
  return rows;
}

/** Files as they were read, by their paths. */
const sources = new Map();

/** The declaration of an interface, and the file it stands in. */
function declared(file, name) {
  let source = sources.get(file);
  if (source === undefined) {
    const text = readFileSync(new URL(`lib/${file}.ts`, ROOT), 'utf8');
    source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    sources.set(file, source);
  }
  const found = source.statements.find(
    (statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  );
  if (found === undefined) throw new Error(`${file}.ts declares no interface ${name}`);
  return { source, found };
}

/** The members of an interface: name, type and docstring, as they are written. */
function membersOf(file, name) {
  const { source, found } = declared(file, name);
  return found.members.map((member) => {
    const doc = ts.getJSDocCommentsAndTags(member).find(ts.isJSDoc);
    const tag = doc?.tags?.find(({ tagName }) => tagName.text === 'default');
    return {
      name: member.name.getText(source),
      required: member.questionToken === undefined,
      type: shownType(member.type.getText(source)),
      text: oneLine(ts.getTextOfJSDocComment(doc?.comment) ?? ''),
      told: oneLine(ts.getTextOfJSDocComment(tag?.comment) ?? ''),
    };
  });
}

/** A type in one line, without the `undefined` that every option may be. */
function shownType(text) {
  const line = text.replace(/\s+/g, ' ').replace(/^\| /, '');
  return line.replaceAll(' | undefined', '').replace(/^\((\(.*\) => .*)\)$/, '$1');
}

/** What an interface takes of another's options, told in a sentence; nothing where it takes all of them. */
function takenOf(file, name) {
  const { source, found } = declared(file, name);
  const [base] = found.heritageClauses?.[0]?.types ?? [];
  const way = base?.expression.getText(source);
  if (way !== 'Pick' && way !== 'Omit') return [];
  const [from, list] = base.typeArguments;
  const names = (ts.isUnionTypeNode(list) ? list.types : [list]).map((each) => `\`${each.literal.text}\``);
  const group = OF_OTHERS[from.typeName.text];
  return [
    way === 'Pick'
      ? `Besides, of ${group}: ${names.join(', ')}.`
      : `Besides, all of ${group}, but for ${names.join(', ')}.`,
  ];
}

function oneLine(text) {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}

/** What the page says of a default: the docstring's words, which have to agree with the reader, else the reader's own. */
function defaultOf({ facts, told, required }) {
  return required ? 'required' : inCode(told === '' ? (facts.default ?? '') : told);
}

/** Values in code, words as words. */
function inCode(text) {
  return /^('[^']*'|-?[\d_.]+|true|false|\{.*\}|\[.*\]|\(.*\) => .*)$/.test(text) ? `\`${text}\`` : text;
}

function typeOf({ facts, type }) {
  return `\`${facts.type === undefined || facts.type === 'object' || facts.type === 'function' ? type : facts.type}\``;
}

function cell(text) {
  return text.replaceAll('|', '\\|');
}

/** @returns {Promise<string>} the page. */
export async function optionsPage(load) {
  const parts = [
    '# Options',
    "Every option of the module, the client, the cache, decorators and checks, with what it takes and what stands in for it. `npm run options` writes this page from the declarations and the readers in the code; a test compares them. A `Duration` is a number of milliseconds or a text like `'30s'`, `'5m'`, `'2h'`. An unknown name or a value out of its range is an `InvalidOptionsError` with the path of the option; `undefined` counts as not given, `null` as a wrong value.",
  ];
  for (const group of GROUPS) {
    parts.push(`## ${group.title}`);
    if (group.text !== undefined) parts.push(group.text);
    for (const [file, name] of group.declared) parts.push(...takenOf(file, name));
    const lines = ['| option | takes | default | meaning |', '| --- | --- | --- | --- |'];
    for (const row of await rowsOf(group, load)) {
      if (row.name === 'type' && row.required) continue;
      const takes = [typeOf(row), row.facts.range ?? ''].filter((part) => part !== '').join(', ');
      lines.push(`| \`${row.name}\` | ${cell(takes)} | ${cell(defaultOf(row))} | ${cell(row.text)} |`);
    }
    parts.push(lines.join('\n'));
  }
  const options = await resolveConfig(new URL('docs/options.md', ROOT));
  return format(`${parts.join('\n\n')}\n`, { ...options, parser: 'markdown' });
}

/** @returns {Promise<string[]>} the docstrings that tell another default than the reader has. */
export async function wrongDefaults(load) {
  const wrong = [];
  for (const group of GROUPS) {
    for (const { name, declaration, facts, told } of await rowsOf(group, load)) {
      const isValue = /^('[^']*'|-?[\d_.]+|true|false)$/.test(told);
      if (!isValue || facts.default === undefined) continue;
      if (told.replaceAll('_', '') !== facts.default) {
        wrong.push(`${declaration}.${name}: the docstring says ${told}, the reader ${facts.default}`);
      }
    }
  }
  return wrong;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const page = await optionsPage((file) => import(new URL(`dist/${file}.js`, ROOT)));
  if (process.argv[2] !== '--check') writeFileSync(PAGE, page);
  else if (page !== readFileSync(PAGE, 'utf8')) {
    console.error('docs/options.md is not what the code says; write it by npm run options');
    process.exitCode = 1;
  }
}
