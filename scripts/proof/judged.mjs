/** A table of what was measured against its bounds; with `before` also what another build did. */
export function judgedTable(rows) {
  const compared = rows.some(({ before }) => before !== undefined);
  const columns = [
    ['case', ({ name }) => name],
    ...(compared ? [['before', ({ before }) => before ?? '–']] : []),
    ['figure', ({ figure }) => figure],
    ['bound', ({ bound }) => bound],
    ['held', ({ held }) => (held ? 'yes' : '**no**')],
  ];
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const written = (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const [head, ...body] = cells.map(written);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [head, rule, ...body].join('\n');
}

/** What the table has no room for, a line each. */
export function judgedNotes(rows) {
  return rows.filter(({ note }) => note !== undefined).map(({ name, note }) => `- ${name}: ${note}`);
}
