/**
 * `npm run pictures`: draws the pictures of README and of the pages, in both languages, into docs/images/.
 *
 * What they show stands in `scripts/pictures/`; a test compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { draw } from './pictures/draw.mjs';
import { facts } from './pictures/facts.mjs';
import { keysMove } from './pictures/keys-move.mjs';
import { outage } from './pictures/outage.mjs';
import { overview } from './pictures/overview.mjs';
import { read } from './pictures/read.mjs';

const IMAGES = new URL('../docs/images/', import.meta.url);

/** Every picture by the name of its file, as it is and as it should be. */
export function pictures() {
  return Object.entries({ facts, overview, read, outage, 'keys-move': keysMove }).flatMap(([name, picture]) =>
    ['en', 'zh'].map((language) => {
      const file = language === 'en' ? `${name}.svg` : `${name}.zh.svg`;
      return { file, wanted: draw(picture, language) };
    }),
  );
}

/** What a file holds now; nothing if there is none. */
export function present(file) {
  try {
    return readFileSync(new URL(file, IMAGES), 'utf8');
  } catch {
    return '';
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { file, wanted } of pictures()) writeFileSync(new URL(file, IMAGES), wanted);
}
