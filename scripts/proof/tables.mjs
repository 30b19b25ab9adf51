import { readFileSync, writeFileSync } from 'node:fs';
import { judgedNotes, judgedTable } from './judged.mjs';

/**
 * Runs cases, `how.together` of them at a time: what is judged by counts alone need not have the machine for itself.
 *
 * @param {{ name: string, run(how: object): Promise<object> }[]} cases
 * @param {object} how what each of them is given.
 * @param {object} [before] the same for another build, whose figure stands beside.
 * @returns {Promise<object[]>} a row for each.
 */
export async function runCases(cases, how, before, progress) {
  const rows = [];
  const left = [...cases.entries()];
  const { together = 1 } = how;
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, each] = next;
      const { name } = each;
      if (together === 1) progress.begin(name);
      const earlier = before === undefined ? undefined : await failing(each, before);
      const row = { name, ...(await failing(each, how)), before: earlier?.figure };
      if (together > 1) progress.begin(name);
      progress.tell(`${row.held ? 'held' : 'NOT HELD'}: ${row.figure}`, true);
      rows[index] = row;
    }
  };
  await Promise.all(Array.from({ length: together }, worker));
  return rows;
}

async function failing(each, how) {
  try {
    return await each.run(how);
  } catch (error) {
    return {
      figure: `failed: ${error.message.split('\n', 1)[0]}`,
      bound: 'runs',
      held: false,
      details: [error.stack],
    };
  }
}

/** @returns what belongs on a page: the table, and what it has no room for. */
export function forPage(rows) {
  return [judgedTable(rows), '', ...judgedNotes(rows)].join('\n').trimEnd();
}

/** @returns the same, and what was not as promised. */
export function written(rows) {
  const details = rows.flatMap(({ name, details = [] }) => details.map((detail) => `  ${name}: ${detail}`));
  return [forPage(rows), ...(details.length > 0 ? ['', ...details] : [])].join('\n');
}

/** Puts a text between the marks of a name in a document. */
export function putInto(file, name, text) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const page = readFileSync(file, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no ${begin} … ${end}`);
  writeFileSync(file, `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`);
}
