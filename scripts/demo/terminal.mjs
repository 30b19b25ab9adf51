import { styleText } from 'node:util';

const live = process.stdout.isTTY === true;

/**
 * Says what is being done, and for how long, until it is done.
 *
 * @param {string} title
 * @param {() => Promise<T>} work
 * @param {(result: T) => string} told what to add to the title in the end.
 * @returns {Promise<T>} @template T
 */
export async function step(title, work, told = () => '') {
  const started = performance.now();
  const line = (mark, rest = '') => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    return `  ${mark} ${title} ${rest}${rest && ' '}${dim(`${seconds} s`)}`;
  };
  if (!live) console.log(`  … ${title}`);
  const ticking = live && setInterval(() => process.stdout.write(`\r${line('…')}`), 100);
  try {
    const result = await work();
    clearInterval(ticking);
    overwrite(line(good('✔'), told(result)));
    return result;
  } catch (error) {
    clearInterval(ticking);
    overwrite(line(bad('✘')));
    throw error;
  }
}

export function heading(text) {
  console.log(`\n${styleText('bold', text)}`);
}

export function note(text) {
  console.log(`    ${dim(text)}`);
}

export const good = (text) => styleText('green', text);

export const bad = (text) => styleText('red', text);

const dim = (text) => styleText('dim', text);

function overwrite(line) {
  // \u001B[K clears what a longer line has left behind.
  process.stdout.write(live ? `\r${line}\u001B[K\n` : `${line}\n`);
}
