/**
 * Writes the code of `test/docs/snippets/` into the pages that show it, so that no page shows code that does not compile.
 *
 * A page says `<!-- snippet: NAME -->` before a code block; a file says `// snippet: NAME` … `// end` around the code.
 * `npm run snippets` writes; a test compares.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SNIPPETS = join(ROOT, 'test/docs/snippets');

/** A marked code block of a page: opening, name, code, closing. */
const BLOCK = /(<!-- snippet: ([\w-]+) -->\n+```ts\n)[\s\S]*?(```)/g;

/** A marked part of a file: name, code. */
const PART = /^\/\/ snippet: ([\w-]+)\n([\s\S]*?)^ *\/\/ end\n/gm;

/** Every page that shows snippets, as it is and as it should be. */
export function pagesWithSnippets() {
  const snippets = readSnippets();
  return ['README.md', ...markdownIn('docs')].flatMap((path) => {
    const present = readFileSync(join(ROOT, path), 'utf8');
    const wanted = present.replace(BLOCK, (_block, opening, name, closing) => {
      const code = snippets.get(name);
      if (code === undefined) throw new Error(`${path}: there is no snippet '${name}'`);
      return opening + code + closing;
    });
    return present.includes('<!-- snippet: ') ? [{ path, present, wanted }] : [];
  });
}

function markdownIn(folder) {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
}

/** Each snippet as a reader would write it: with the package's name instead of paths. */
function readSnippets() {
  const snippets = new Map();
  for (const file of readdirSync(SNIPPETS)) {
    for (const [, name, code] of readFileSync(join(SNIPPETS, file), 'utf8').matchAll(PART)) {
      const shown = code
        .replaceAll("'../../../lib/index.js'", "'nestjs-memcached'")
        .replaceAll("'../../../lib/testing/index.js'", "'nestjs-memcached/testing'")
        .replaceAll(/'\.\.\/\.\.\/\.\.\/lib\/adapters\/(\w+)\.js'/g, "'nestjs-memcached/$1'")
        .replaceAll(/'\.\.\/\.\.\/\.\.\/lib\/(opentelemetry)\/index\.js'/g, "'nestjs-memcached/$1'");
      snippets.set(name, `${shown.trimEnd()}\n`);
    }
  }
  return snippets;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { path, present, wanted } of pagesWithSnippets()) {
    if (present === wanted) continue;
    writeFileSync(join(ROOT, path), wanted);
    console.log(`${path}: written`);
  }
}
