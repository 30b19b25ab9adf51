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
import { slugOf } from './docs/slug.mjs';
import { GROUPS } from './options/groups.mjs';

const ROOT = new URL('../', import.meta.url);
const PAGE = new URL('docs/options.md', ROOT);

/** Where the options are that others take some of. */
const OF_OTHERS = {
  CachePolicy: "a call's policy",
  UpdateOptions: '`update`',
  MemcachedModuleOptions: 'the module',
};

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

/** What a number counts, where the type leaves it open. */
function unitOf({ name, facts, type }) {
  if (/\b(Duration|Ttl)\b/.test(facts.type ?? type)) return 'ms';
  if (name.endsWith('Bytes')) return 'bytes';
  return facts.range === 'from 0 to 1' || facts.range === 'from 0, below 1' ? 'share' : '';
}

function tableOf(heads, rows) {
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** All options in one table, by name, each with the part of the page that says what it means. */
function indexOf(groups) {
  const rows = groups.flatMap(({ title, rows: ofGroup }) => ofGroup.map((row) => ({ ...row, title })));
  return tableOf(
    ['option', 'of', 'type', 'unit', 'range', 'default'],
    rows
      .toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
      .map((row) => [
        `\`${row.name}\``,
        `[${row.title}](#${slugOf(row.title.replaceAll('`', ''))})`,
        cell(typeOf(row)),
        unitOf(row),
        cell(row.facts.range ?? ''),
        cell(defaultOf(row)),
      ]),
  );
}

/** @returns {Promise<string>} the page. */
export async function optionsPage(load) {
  const groups = [];
  const parts = [
    '# Options',
    "Every option of the module, the client, the cache, decorators and checks, with what it takes and what stands in for it. `npm run options` writes this page from the declarations and the readers in the code; a test compares them. [All of them by name](#all-options-by-name) stand at the end, with type, unit, range and default. A `Duration` is a number of milliseconds or a text like `'30s'`, `'5m'`, `'2h'`. An unknown name or a value out of its range is an `InvalidOptionsError` with the path of the option, in the options of the client's commands an `InvalidArgumentError`; `undefined` counts as not given, `null` as a wrong value.",
  ];
  for (const group of GROUPS) {
    parts.push(`## ${group.title}`);
    if (group.text !== undefined) parts.push(group.text);
    for (const [file, name] of group.declared) parts.push(...takenOf(file, name));
    const rows = (await rowsOf(group, load)).filter((row) => row.name !== 'type' || !row.required);
    groups.push({ title: group.title, rows });
    parts.push(
      tableOf(
        ['option', 'takes', 'default', 'meaning'],
        rows.map((row) => {
          const takes = [typeOf(row), row.facts.range ?? ''].filter((part) => part !== '').join(', ');
          return [`\`${row.name}\``, cell(takes), cell(defaultOf(row)), cell(row.text)];
        }),
      ),
    );
  }
  parts.push('## All options by name', indexOf(groups));
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
