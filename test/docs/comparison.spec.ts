import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { CONTENDERS } from '../../scripts/compare/contenders.mjs';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The rows of a table of Markdown, without its heads. */
function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((part) => part.trim()),
  );
}

const [, table] = /<!-- measured -->([\s\S]*)<!-- end of measured -->/.exec(read('docs/comparison.md'))!;
const measured = rowsOf(table);

describe('the comparison with what is used instead', () => {
  it('has a row for everything that is measured', () => {
    expect(measured.map(([name]) => name)).toEqual(Object.keys(CONTENDERS));
  });

  it('has the same figures in Chinese', () => {
    const [, own] = /\n(\|[\s\S]*?)\n\n/.exec(read('docs/zh/comparison.md'))!;
    const counts = (rows: string[][]): string[][] => rows.map((row) => row.slice(1, 3));
    expect(counts(rowsOf(own))).toEqual(counts(measured));
    expect(/\d+/.exec(rowsOf(own)[0][5])![0]).toBe(/\d+/.exec(measured[0][5])![0]);
  });

  it.each(['README.md', 'README.zh-CN.md'])('is told by %s in the same figures', (page) => {
    const [, own] = /\n(\|[^\n]*BentoCache[\s\S]*?)\n\n/.exec(read(page))!;
    const [loads, , , killed] = rowsOf(own).map(([, ...cells]) => cells);
    expect(loads.map((cell) => /\d+/.exec(cell)![0])).toEqual(measured.map((row) => row[2]));
    const milliseconds = /(\d+) ms/.exec(measured[0][5])![1];
    expect(killed[0]).toMatch(new RegExp(`\\b${milliseconds} (ms|毫秒)`));
  });
});
