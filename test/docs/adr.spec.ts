import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../../docs/adr/', import.meta.url);
const PAGES = readdirSync(FOLDER);

describe('the records of decisions', () => {
  it.each(PAGES)('%s has its number, a title, a status and a date', (name) => {
    const [title, , status] = readFileSync(new URL(name, FOLDER), 'utf8').split('\n');
    expect(title).toMatch(new RegExp(`^# ${name.slice(0, 4)}: \\S`));
    expect(status).toMatch(/^Status: (accepted|superseded by \[)/);
    expect(readFileSync(new URL(name, FOLDER), 'utf8')).toMatch(/^Date: \w+ \d{4}$/m);
  });

  it.each(PAGES)('%s links to records that are there', (name) => {
    const links = [...readFileSync(new URL(name, FOLDER), 'utf8').matchAll(/\]\((\d{4}-[\w-]+\.md)\)/g)];
    expect(links.map(([, to]) => to).filter((to) => !existsSync(new URL(to, FOLDER)))).toEqual([]);
  });
});
