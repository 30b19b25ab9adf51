import { CHINESE } from './pages.mjs';

const chinese = new Set(CHINESE.flatMap(({ pages }) => pages.map(([path]) => path)));

/**
 * Where a page is to be had in another language: the same page, or the index where it has not been written in it.
 *
 * @param {'root' | 'zh'} language the one to go to; `root` is English.
 * @param {string} file the present page's, below docs/, such as `zh/cache.md`.
 * @returns {string} an address of the site.
 */
export function addressIn(language, file) {
  const path = file.replace(/^zh\//, '').replace(/\.md$/, '');
  const address = `/${path.replace(/(^|\/)index$/, '$1')}`;
  if (language === 'root') return address;
  return chinese.has(path) ? `/zh${address}` : '/zh/';
}
