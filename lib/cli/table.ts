import { stripVTControlCharacters } from 'node:util';

const GAP = '  ';

/**
 * Lays out a table; cells may bear colours.
 *
 * @param head what is done with the line of titles.
 * @returns its lines, without blanks at their ends.
 */
export function table(
  columns: readonly Column[],
  rows: readonly Row[],
  head: (line: string) => string = (line) => line,
): string[] {
  const widths = columns.map(({ title }, index) => {
    const cells = rows.map((row) =>
      'instead' in row ? (index === 0 ? widthOf(row.first) : 0) : widthOf(row[index]),
    );
    return cells.reduce((widest, width) => Math.max(widest, width), widthOf(title));
  });
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => {
        const space = ' '.repeat(Math.max(0, widths[index] - widthOf(cell)));
        return columns[index].align === 'right' ? space + cell : cell + space;
      })
      .join(GAP)
      .trimEnd();
  return [
    head(line(columns.map(({ title }) => title))),
    ...rows.map((row) =>
      'instead' in row
        ? `${row.first}${' '.repeat(Math.max(0, widths[0] - widthOf(row.first)))}${GAP}${row.instead}`
        : line(row),
    ),
  ];
}

/** One column of a table. */
export interface Column {
  readonly title: string;
  /** Where its cells stand. @default 'left' */
  readonly align?: 'left' | 'right';
}

/** A row of cells; or a first cell and a sentence in place of the others, as of a server that does not answer. */
export type Row = readonly string[] | { readonly first: string; readonly instead: string };

/** What takes two places of a terminal: East Asian wide and full-width characters, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** What takes none: marks that go with the character before them, and joiners. */
const NARROWEST = /\p{Mark}|[\u200b-\u200f]|\p{Variation_Selector}/u;

/** How many places of a terminal a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) {
    if (NARROWEST.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

/** A text without what could command a terminal: control characters stand as `\x1b`. What servers send goes through here. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => {
      const code = character.charCodeAt(0);
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : `\\u${code.toString(16).padStart(4, '0')}`;
    },
  );
}
