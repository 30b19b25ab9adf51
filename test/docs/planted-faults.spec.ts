import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { PLANTED } from '../../scripts/proof/reliability/planted.mjs';

/** A file of the library as it is built. */
function built(file: string): string {
  const source = new URL(`../../lib/${file.replace(/\.js$/, '.ts')}`, import.meta.url);
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  });
  return outputText;
}

describe('a fault that the proof plants', () => {
  it.each(PLANTED)('has its line in the build once: $name', ({ file, from }) => {
    expect(built(file).split(from)).toHaveLength(2);
  });
});
