/**
 * `npm run chinese`: which sections of the Chinese pages are out of step with the English ones they were made from.
 *
 * Each section of a Chinese page bears a hash of its English one: `<!-- of: 1a2b3c4d -->`, under its heading. Code does not
 * count, since both languages show the same snippets, nor do blanks. After a section has been brought up to date,
 * `npm run chinese -- --stamp docs/zh/PAGE.md` writes its hashes anew.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../', import.meta.url);
const STAMP = /^<!-- of: ([0-9a-f]{8}) -->\n+/m;

/** Every Chinese page with the English one it was made from; the index is none of them, being a list of what there is. */
export function pairs() {
  const pages = readdirSync(new URL('docs/zh', ROOT), { recursive: true }).filter(
    (file) => String(file).endsWith('.md') && file !== 'index.md',
  );
  const inDocs = pages.map((file) => ({
    chinese: posix.join('docs/zh', String(file)),
    english: posix.join('docs', String(file)),
  }));
  return [{ chinese: 'README.zh-CN.md', english: 'README.md' }, ...inDocs].filter(({ chinese }) =>
    existsSync(new URL(chinese, ROOT)),
  );
}

/** What is out of step in a pair, each in a sentence. */
export function outOfStep({ chinese, english }) {
  if (!existsSync(new URL(english, ROOT))) return [`${chinese}: there is no ${english}`];
  const [made, source] = [sectionsOf(read(chinese)), sectionsOf(read(english))];
  if (made.length !== source.length) {
    return [
      `${chinese}: ${made.length} sections, ${english} has ${source.length}: ${source.map(title).join('; ')}`,
    ];
  }
  return source.flatMap((section, index) =>
    STAMP.exec(made[index])?.[1] === hash(section)
      ? []
      : [
          `${chinese}: '${title(made[index])}' is not made from what '${title(section)}' of ${english} says now; bring it up to date, then npm run chinese -- --stamp ${chinese}`,
        ],
  );
}

/** A page with the hashes of what it says to be made from. */
export function stamped({ chinese, english }) {
  const source = sectionsOf(read(english));
  return sectionsOf(read(chinese))
    .map((section, index) => {
      const [heading, ...rest] = section.replace(STAMP, '').split('\n');
      return [heading, '', `<!-- of: ${hash(source[index] ?? '')} -->`, ...rest].join('\n');
    })
    .join('');
}

/** A page cut before each heading of the first and second level. */
function sectionsOf(page) {
  return page.split(/^(?=##? )/m);
}

function hash(section) {
  const prose = section.replace(/^```[\s\S]*?^```/gm, '').replace(/[\s|-]+/g, ' ');
  return createHash('sha256').update(prose.trim()).digest('hex').slice(0, 8);
}

function title(section) {
  return section.split('\n', 1)[0].replace(/^#+ /, '');
}

function read(path) {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [flag, ...paths] = process.argv.slice(2);
  if (flag === '--stamp') {
    for (const pair of pairs().filter(({ chinese }) => paths.includes(chinese))) {
      writeFileSync(new URL(pair.chinese, ROOT), stamped(pair));
    }
  } else {
    const sentences = pairs().flatMap(outOfStep);
    for (const sentence of sentences) console.log(sentence);
    if (sentences.length > 0) process.exitCode = 1;
  }
}
