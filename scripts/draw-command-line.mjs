/**
 * Draws `docs/images/command-line.svg`: what the program writes on real servers, in the colours of a terminal.
 *
 * `memcached` has to be on PATH, and the package built.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startServers } from './memcached.mjs';

const TARGET = new URL('../docs/images/command-line.svg', import.meta.url);
const PROGRAM = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

const COLOURS = { 31: '#f47067', 32: '#8ddb8c', 33: '#daaa3f', 36: '#39c5cf' };
const [FOREGROUND, BACKGROUND, PROMPT] = ['#adbac7', '#1c2128', '#768390'];
const [CHARACTER, LINE, MARGIN] = [7.83, 18, 16];

const { MemcachedClient } = await import('../dist/index.js');

const servers = await startServers(3, { args: ['-m', '64'] });
try {
  const list = servers.addresses.map((address, index) => `${address}=${[1, 2, 1][index]}`).join(',');
  await fill(list);
  await servers.kill(2);
  const lines = [];
  for (const words of [['stats'], ['which', 'product:7', '--look'], ['ring']]) {
    lines.push({ text: `$ npx nestjs-memcached ${words.join(' ')}`, colour: PROMPT });
    lines.push(...(await written(words, list)), '');
  }
  await mkdir(new URL('.', TARGET), { recursive: true });
  await writeFile(TARGET, drawn(lines.slice(0, -1)));
} finally {
  await servers.stop();
}

/** Some traffic, so that there are figures. */
async function fill(list) {
  const client = new MemcachedClient({ servers: list });
  const keys = Array.from({ length: 3000 }, (_, index) => `product:${index}`);
  for (let first = 0; first < keys.length; first += 500) {
    const some = keys.slice(first, first + 500);
    await client.setMany(
      some.map((key, index) => [key, 'x'.repeat(200 + index)]),
      { ttl: '1h' },
    );
    await client.getMany([...some, ...some.map((key) => `no-${key}`).slice(0, 60)]);
  }
  await client.close();
}

async function written(words, list) {
  const env = { ...process.env, MEMCACHED_SERVERS: list, FORCE_COLOR: '1', NO_COLOR: '' };
  const run = promisify(execFile)(process.execPath, [PROGRAM, ...words], { env });
  // One of the servers is dead, which is an exit code of 1.
  const { stdout } = await run.catch((error) => error);
  return stdout.trimEnd().split('\n');
}

/** Lines with the escapes of a terminal, as text of an SVG. */
function drawn(lines) {
  const texts = lines.map((line) => (typeof line === 'string' ? pieces(line) : [line]));
  const columns = Math.max(...texts.map((parts) => parts.map(({ text }) => text).join('').length));
  const width = Math.ceil(columns * CHARACTER + 2 * MARGIN);
  const height = lines.length * LINE + 2 * MARGIN;
  const rows = texts.map((parts, index) => {
    const y = MARGIN + (index + 0.75) * LINE;
    const spans = parts.map(({ text, bold, colour }) => {
      const style = `${colour === undefined ? '' : ` fill="${colour}"`}${bold ? ' font-weight="bold"' : ''}`;
      return `<tspan${style}>${escaped(text)}</tspan>`;
    });
    return `<text x="${MARGIN}" y="${y}" xml:space="preserve">${spans.join('')}</text>`;
  });
  const font = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="${font}" font-size="13" fill="${FOREGROUND}">`,
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    ...rows,
    '</svg>\n',
  ].join('\n');
}

function pieces(line) {
  const found = [];
  let [bold, colour] = [false, undefined];
  for (const [, escape, text] of line.matchAll(/\u001b\[(\d+)m|([^\u001b]+)/g)) {
    if (text !== undefined) found.push({ text, bold, colour });
    else if (escape === '1') bold = true;
    else if (escape === '22') bold = false;
    else colour = COLOURS[escape];
  }
  return found;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
