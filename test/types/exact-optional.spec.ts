import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from '@jest/globals';
import type * as TypeScript from 'typescript';

const ts = createRequire(import.meta.url)('typescript') as typeof TypeScript;
const LIB = new URL('../../lib/', import.meta.url);

const TAKING_UNDEFINED = new Set([ts.SyntaxKind.UndefinedKeyword, ts.SyntaxKind.UnknownKeyword]);

/** Optional members of what users write that do not take an explicit `undefined`, such as that of an unset variable. */
function refusingUndefined(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: TypeScript.Node, isOptions: boolean): void => {
    if (isOptions && ts.isPropertySignature(node) && node.questionToken !== undefined) {
      const types = node.type !== undefined && ts.isUnionTypeNode(node.type) ? node.type.types : [node.type];
      if (!types.some((type) => type !== undefined && TAKING_UNDEFINED.has(type.kind))) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        found.push(`${file}:${line + 1} ${node.name.getText()}`);
      }
    }
    const inside =
      isOptions ||
      ((ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) &&
        /(Options|Policy|Extras)$/.test(node.name.text));
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  // The schema describes readers of options, which nobody outside writes.
  visit(source, file.startsWith('options/') && file !== 'options/schema.ts');
  return found;
}

it('lets every option be undefined, for those who compile with exactOptionalPropertyTypes', () => {
  const files = readdirSync(LIB, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(files.flatMap((file) => refusingUndefined(file, readFileSync(new URL(file, LIB), 'utf8')))).toEqual(
    [],
  );
});

it.each([
  ['interface PlantedOptions { a?: string }', ['planted.ts:1 a']],
  ['interface PlantedOptions { a?: { b?: string } | undefined }', ['planted.ts:1 b']],
  ['interface PlantedOptions { a?: string | undefined; b: number }', []],
  ['interface Answer { a?: string }', []],
])('would find it in %s', (source, found) => {
  expect(refusingUndefined('planted.ts', source)).toEqual(found);
});
