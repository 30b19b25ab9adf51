/**
 * Writes the files of `test/docs/snippets/` into the pages that show them, so that no page shows code that does not compile,
 * lacks an import, or was never run. Addresses of this repository in the READMEs follow package.json in the same way.
 *
 * A page says `<!-- snippet: NAME -->` before a code block. `npm run snippets` writes; a test compares, and runs each file.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repositoryUrl } from './docs/repository.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SNIPPETS = join(ROOT, 'test/docs/snippets');

/** A marked code block of a page: opening, name, closing. */
const BLOCK = /(<!-- snippet: ([\w-]+) -->\n+```ts\n)[\s\S]*?(```)/g;

/** What stands before a path of this repository in a page that is also shown outside of it. */
const ADDRESS = /https:\/\/github\.com\/[\w.-]+\/nestjs-memcached(?=[/#)]|$)/gm;

/** Every page that shows snippets, as it is and as it should be. */
export function pagesWithSnippets() {
  const snippets = readSnippets();
  return markdown().flatMap((path) => {
    const present = readFileSync(join(ROOT, path), 'utf8');
    const wanted = present
      .replace(BLOCK, (_block, opening, name, closing) => {
        const code = snippets.get(name);
        if (code === undefined) throw new Error(`${path}: there is no snippet '${name}'`);
        return opening + code + closing;
      })
      .replace(ADDRESS, path.startsWith('README') ? repositoryUrl() : '$&');
    return present.includes('<!-- snippet: ') ? [{ path, present, wanted }] : [];
  });
}

/** READMEs of the package, and what is in docs/. */
function markdown() {
  const pages = readdirSync(join(ROOT, 'docs'), { recursive: true }).map((file) =>
    posix.join('docs', String(file)),
  );
  return [...readdirSync(ROOT).filter((file) => file.startsWith('README')), ...pages].filter(
    (path) => path.endsWith('.md') && !path.startsWith('docs/api/') && !path.startsWith('docs/.vitepress/'),
  );
}

/** Each snippet as a reader would write it: with the package's name instead of paths. */
function readSnippets() {
  const files = readdirSync(SNIPPETS).filter((file) => file.endsWith('.ts'));
  return new Map(
    files.map((file) => {
      const shown = readFileSync(join(SNIPPETS, file), 'utf8')
        .replaceAll("'../../../lib/index.js'", "'nestjs-memcached'")
        .replaceAll(
          /'\.\.\/\.\.\/\.\.\/lib\/(?:adapters\/)?((?:bus\/)?\w+)(?:\/index)?\.js'/g,
          "'nestjs-memcached/$1'",
        );
      return [file.replace(/\.ts$/, ''), `${shown.trim()}\n`];
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { path, present, wanted } of pagesWithSnippets()) {
    if (present === wanted) continue;
    writeFileSync(join(ROOT, path), wanted);
    console.log(`${path}: written`);
  }
}
