import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../../docs/adr/', import.meta.url);
const PAGES = new Map(
  readdirSync(FOLDER).map((name) => [name, readFileSync(new URL(name, FOLDER), 'utf8')] as const),
);

/** What a status says of other records, and what those say of it. */
const CONVERSES = new Map([
  ['amends', 'amended by'],
  ['amended by', 'amends'],
  ['supersedes', 'superseded by'],
  ['superseded by', 'supersedes'],
]);

const RECORD = String.raw`\[(?<number>\d{4})\]\(\k<number>-[\w-]+\.md\)(?: \([^()]+\))?`;
/** `amended by [0025](0025-nothing-is-flushed.md) (limits and flushes)`, also of several. */
const RELATION = new RegExp(`^(${[...CONVERSES.keys()].join('|')}) (?:(?:, | and )?${RECORD})+$`);

/** What a record's status says, one by one: `amends 0014`. Undefined where it cannot be understood. */
function relations(page: string): readonly (readonly [verb: string, name: string])[] | undefined {
  const [first, ...others] = /^Status: (.*)$/m.exec(page)?.[1].split('; ') ?? [''];
  const said = first === 'accepted' ? others : [first, ...others];
  if (said.some((part) => !RELATION.test(part))) return undefined;
  return said.flatMap((part) => {
    const [, verb] = RELATION.exec(part)!;
    return [...part.matchAll(/\((\d{4}-[\w-]+\.md)\)/g)].map(([, name]) => [verb, name] as const);
  });
}

/** What is wrong with the statuses of records: one says something that the other does not. */
function disagreements(pages: ReadonlyMap<string, string>): string[] {
  return [...pages].flatMap(([name, page]) =>
    (relations(page) ?? [['cannot be understood', '']]).flatMap(([verb, other]) => {
      const answers = relations(pages.get(other) ?? '') ?? [];
      const isAnswered = answers.some(([back, to]) => to === name && back === CONVERSES.get(verb));
      return isAnswered ? [] : [`${name}: ${verb} ${other}`.trimEnd()];
    }),
  );
}

describe('the records of decisions', () => {
  it.each([...PAGES.keys()])('%s has its number, a title, a status and a date', (name) => {
    const [title, , status] = PAGES.get(name)!.split('\n');
    expect(title).toMatch(new RegExp(`^# ${name.slice(0, 4)}: \\S`));
    expect(status).toMatch(/^Status: (accepted|superseded by \[)/);
    expect(PAGES.get(name)).toMatch(/^Date: \w+ \d{4}$/m);
  });

  it.each([...PAGES.keys()])('%s links to records that are there', (name) => {
    const links = [...PAGES.get(name)!.matchAll(/\]\((\d{4}-[\w-]+\.md)\)/g)];
    expect(links.map(([, to]) => to).filter((to) => !existsSync(new URL(to, FOLDER)))).toEqual([]);
  });

  it('say of each other what the other says, too', () => {
    expect(disagreements(PAGES)).toEqual([]);
  });

  it.each([
    ['accepted', 'accepted', []],
    ['accepted; amended by [0002](0002-b.md) (a, b)', 'accepted; amends [0001](0001-a.md)', []],
    ['superseded by [0002](0002-b.md)', 'accepted; supersedes [0001](0001-a.md)', []],
    ['accepted; amended by [0002](0002-b.md)', 'accepted', ['0001-a.md: amended by 0002-b.md']],
    ['accepted', 'accepted; amends [0001](0001-a.md)', ['0002-b.md: amends 0001-a.md']],
    ['accepted; amended by [0003](0003-c.md)', 'accepted', ['0001-a.md: amended by 0003-c.md']],
    ['accepted; goes on from [0002](0002-b.md)', 'accepted', ['0001-a.md: cannot be understood']],
    [
      'superseded by [0002](0002-b.md)',
      'accepted; amends [0001](0001-a.md)',
      ['0001-a.md: superseded by 0002-b.md', '0002-b.md: amends 0001-a.md'],
    ],
  ])('would be found to disagree: %s / %s', (first, second, found) => {
    const pages = [
      ['0001-a.md', `# 0001: A\n\nStatus: ${first}\n`],
      ['0002-b.md', `# 0002: B\n\nStatus: ${second}\n`],
    ] as const;
    expect(disagreements(new Map(pages))).toEqual(found);
  });
});
