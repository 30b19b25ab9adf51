import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { addressIn } from '../../docs/.vitepress/languages.mjs';
import { CHINESE, ENGLISH } from '../../docs/.vitepress/pages.mjs';
import { repositoryUrl } from '../../scripts/docs/repository.mjs';
import { slugOf } from '../../scripts/docs/slug.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Markdown below a folder of the repository, but for pages that the build of the site makes. */
function markdownIn(folder: string): string[] {
  return (readdirSync(join(ROOT, folder), { recursive: true }) as string[])
    .map((file) => posix.join(folder, file))
    .filter((path) => path.endsWith('.md') && !path.startsWith('docs/api/') && !path.includes('/.'));
}

/** The text without its code. */
function prose(text: string): string {
  return text.replace(/^( *)```[\s\S]*?^\1```/gm, '').replace(/`[^`\n]*`/g, '``');
}

function anchorsOf(path: string): Set<string> {
  const anchors = new Set<string>();
  const seen = new Map<string, number>();
  for (const [, heading] of read(path)
    .replace(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#+ (.+)$/gm)) {
    const slug = slugOf(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', ''));
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

/** What stands before a path of the repository in a page that is shown elsewhere, too. */
const OF_REPOSITORY = new RegExp(`^${repositoryUrl()}/(?:blob|raw|tree)/main/`);

const documents = [...readdirSync(ROOT).filter((name) => name.endsWith('.md')), ...markdownIn('docs')];
const pages = markdownIn('docs').filter((path) => !path.startsWith('docs/adr/'));

describe('links in the Markdown of the project', () => {
  const links = documents.flatMap((path) =>
    [...prose(read(path)).matchAll(/\]\(([^)\s]+)(?: ['"][^'"]*['"])?\)/g)]
      .map(([, href]) => ({ path, href: href.replace(OF_REPOSITORY, '/') }))
      .filter(({ href }) => !/^\w+:/.test(href)),
  );

  it('are many', () => expect(links.length).toBeGreaterThan(100));

  it('lead to files that there are, and to headings in them', () => {
    const dead = links.filter(({ path, href }) => {
      const [file, anchor] = decodeURIComponent(href).split('#');
      const target =
        file === '' ? path : file.startsWith('/') ? file.slice(1) : posix.join(dirname(path), file);
      // Made by the build of the site, which looks at links to it.
      if (target.startsWith('docs/api/')) return false;
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor);
    });
    expect(dead).toEqual([]);
  });
});

describe('a README, which is shown on the package page as well', () => {
  it.each(documents.filter((path) => path.startsWith('README')))('has absolute links alone: %s', (path) => {
    const hrefs = [...prose(read(path)).matchAll(/\]\(([^)\s]+)/g)].map(([, href]) => href);
    expect(hrefs.filter((href) => !href.startsWith('https://'))).toEqual([]);
    expect(hrefs.filter((href) => OF_REPOSITORY.test(href)).length).toBeGreaterThan(20);
  });
});

describe('the pages of the site', () => {
  const listed = { root: ENGLISH, zh: CHINESE };

  it.each(['root', 'zh'] as const)(
    'stand in the sidebar and in the index of their language: %s',
    (language) => {
      const folder = language === 'root' ? 'docs/' : 'docs/zh/';
      const present = pages.filter((path) => path.startsWith('docs/zh/') === (language === 'zh'));
      const inSidebar = listed[language].flatMap((group) =>
        group.pages.map(([path]) => `${folder}${path}.md`),
      );
      expect(inSidebar.toSorted()).toEqual(present.toSorted());
      const index = read(`${folder}index.md`);
      const inIndex = new Set(
        [...index.matchAll(/\]\(([\w/.-]+\.md)[#)]/g)].map(([, href]) => posix.join(folder, href)),
      );
      const missing = present.filter((path) => path !== `${folder}index.md` && !inIndex.has(path));
      expect(missing).toEqual([]);
    },
  );

  it('are reached from each other by the switch of the language, which never leads to a missing page', () => {
    for (const path of documents.filter((document) => document.startsWith('docs/'))) {
      const file = path.slice('docs/'.length);
      const address = addressIn(file.startsWith('zh/') ? 'root' : 'zh', file).slice(1);
      const target = address === '' || address.endsWith('/') ? `${address}index` : address;
      expect([path, existsSync(join(ROOT, `docs/${target}.md`))]).toEqual([path, true]);
    }
  });
});
