import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

const GAP = 8;
const HEIGHT = 28;

/** What README says at a glance, as package.json has it. */
const FACTS = [
  { en: `NestJS ${majors(manifest.peerDependencies['@nestjs/common'])}` },
  {
    en: `Node ${manifest.engines.node
      .replace(/\^(\d+\.\d+)\.\d+/g, '$1')
      .replace(/>=(\d+)[\d.]*/, '$1+')
      .replaceAll(' ||', ',')}`,
  },
  { en: 'ESM, CommonJS' },
  { en: 'TypeScript' },
  { en: dependencies('en'), zh: dependencies('zh') },
  { en: manifest.license },
].map(({ en, zh = en }) => ({ text: { en, zh }, width: Math.round(26 + en.length * 6.6) }));

function majors(range) {
  return [...range.matchAll(/\^(\d+)/g)].map(([, major]) => major).join(', ');
}

function dependencies(language) {
  const names = Object.keys(manifest.dependencies);
  if (names.length === 1) return language === 'en' ? `depends on ${names[0]}` : `仅依赖 ${names[0]}`;
  return language === 'en' ? `${names.length} dependencies` : `${names.length} 个依赖`;
}

const starts = FACTS.map((_, index) =>
  FACTS.slice(0, index).reduce((sum, { width }) => sum + width + GAP, 1),
);

const told = (language) => FACTS.map(({ text }) => text[language]).join(language === 'en' ? '; ' : '；');

/** README's badges, drawn from the manifest so that they are true wherever they are shown. */
export const facts = {
  width: Math.ceil(starts.at(-1) + FACTS.at(-1).width + 1),
  height: HEIGHT + 2,
  title: { en: 'At a glance', zh: '运行环境与依赖一览' },
  desc: {
    en: `What it runs on and what it brings: ${told('en')}.`,
    zh: `取自 package.json，与发布的版本一致：${told('zh')}。`,
  },
  boxes: FACTS.map(({ text, width }, index) => ({
    x: starts[index],
    y: 1,
    width,
    height: HEIGHT,
    kind: 'note',
    size: 12,
    text,
  })),
};
