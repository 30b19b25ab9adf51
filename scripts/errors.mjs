/**
 * The page of all errors, docs/errors.md, made of the docstrings in `lib/errors.ts`.
 *
 *   node scripts/errors.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';

const SOURCE = new URL('../lib/errors.ts', import.meta.url);
const PAGE = new URL('../docs/errors.md', import.meta.url);

const HEAD = `# Errors

What this package throws is a \`MemcachedError\`, and tells itself by a stable \`code\`. Misses, values that were not stored and conflicts of a single \`cas\` are results, not errors. What your own loader throws passes untouched. \`npm run errors\` writes this page from the docstrings; a test compares them.

<!-- snippet: errors -->

\`\`\`ts
\`\`\`

\`outcome\` of a connection error or a time-out says whether a retry may do something twice: \`'not-sent'\` means that no byte left this process, \`'unknown'\` that nobody knows.

The cache throws none of these for a server that fails: \`getOrSet\`, decorators and \`@HttpCache\` call the loader, count it (\`counters.storeError\`) and publish it. \`onStoreError: 'throw'\` changes that. Locks, updates and plain commands that must not be lost do throw: [which call does what](vocabulary.md).`;

/** @returns {{ name: string, code: string, cause: string, mend: string, fields: string[] }[]} every class that is thrown. */
export function errorsOf() {
  const source = ts.createSourceFile('errors.ts', readFileSync(SOURCE, 'utf8'), ts.ScriptTarget.Latest, true);
  return source.statements.filter(ts.isClassDeclaration).flatMap((declaration) => {
    const code = declaration.members.find((member) => member.name?.getText(source) === 'code');
    if (code?.initializer === undefined) return [];
    const comment = ts.getJSDocCommentsAndTags(declaration).find(ts.isJSDoc)?.comment;
    const [cause, mend = ''] = (ts.getTextOfJSDocComment(comment) ?? '').split(/\n\nMend: /);
    const own = declaration.members.filter(ts.isPropertyDeclaration);
    const given = declaration.members
      .filter(ts.isConstructorDeclaration)
      .flatMap(({ parameters }) => parameters);
    return {
      name: declaration.name.text,
      code: code.initializer.text,
      cause: oneLine(cause),
      mend: oneLine(mend),
      fields: [...own, ...given.filter(({ modifiers }) => modifiers !== undefined)]
        .map((field) => field.name.getText(source))
        .filter((name) => name !== 'code'),
    };
  });
}

function oneLine(text) {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}

/**
 * @param {string} written the page as it is: the snippet in it is not this script's.
 * @returns {Promise<string>} the page as it should be.
 */
export async function errorsPage(written) {
  const snippet = /```ts\n[\s\S]*?```/.exec(written)?.[0] ?? '```ts\n```';
  const sections = errorsOf().map(
    ({ name, code, cause, mend, fields }) =>
      `## \`${code}\`\n\n\`${name}\`${fields.length > 0 ? `, with ${fields.map((field) => `\`${field}\``).join(', ')}` : ''}. ${cause}\n\n**What to do:** ${mend[0].toLowerCase()}${mend.slice(1)}`,
  );
  const options = await resolveConfig(PAGE);
  const head = HEAD.replace('```ts\n```', () => snippet);
  return format(`${[head, ...sections].join('\n\n')}\n`, { ...options, parser: 'markdown' });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  let written = '';
  try {
    written = readFileSync(PAGE, 'utf8');
  } catch {
    // It is the first time.
  }
  writeFileSync(PAGE, await errorsPage(written));
}
