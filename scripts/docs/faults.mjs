import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

/** What a browser fetches by itself: an address in one of these is asked for as soon as the page is shown. */
const FETCHED =
  /<(?:script|img|iframe|source|video|audio)\b[^>]*?\ssrc="([^"]+)"|<link\b[^>]*?\shref="([^"]+)"/g;

const LINK = /<a\b[^>]*?\shref="([^"]*)"/g;
const ANCHOR = /\s(?:id|name)="([^"]+)"/g;

/**
 * Goes through a built site, page by page, as a crawler would.
 *
 * @param {string} folder where VitePress has built it.
 * @returns {{ pages: number, links: number, faults: string[] }} links that lead nowhere, also by the language switch, and
 *   what would be fetched from another host.
 */
export function faultsOfSite(folder) {
  const files = readdirSync(folder, { recursive: true }).map((file) => file.split(sep).join('/'));
  const pages = new Map(
    files.filter((file) => file.endsWith('.html')).map((file) => [file, read(folder, file)]),
  );
  const faults = [];
  let links = 0;
  for (const [file, { html, anchors }] of pages) {
    for (const address of fetchedBy(html)) {
      if (address.startsWith('data:')) continue;
      if (/^(https?:)?\/\//.test(address)) faults.push(`${file}: fetches ${address}`);
      else if (!existsSync(join(folder, target(file, address))))
        faults.push(`${file}: ${address} is not there`);
    }
    for (const [, href] of html.matchAll(LINK)) {
      if (/^(\w+:|\/\/)/.test(href)) continue;
      links += 1;
      const [address, anchor] = decode(href).split('#');
      const to = address === '' ? { anchors } : pages.get(pageOf(target(file, address), pages));
      if (to === undefined) {
        if (!existsSync(join(folder, target(file, address)))) faults.push(`${file}: ${href} leads nowhere`);
      } else if (anchor && !to.anchors.has(anchor)) faults.push(`${file}: ${href} has no such anchor`);
    }
  }
  return { pages: pages.size, links, faults: [...new Set(faults)] };
}

function read(folder, file) {
  const html = readFileSync(join(folder, file), 'utf8');
  return { html, anchors: new Set([...html.matchAll(ANCHOR)].map(([, name]) => decode(name))) };
}

function fetchedBy(html) {
  return [...html.matchAll(FETCHED)].map(([, source, href]) => source ?? href);
}

/** A file below the folder, of an address as a page writes it. */
function target(file, address) {
  const path = address.replace(/[?#].*$/, '');
  return path.startsWith('/') ? path.slice(1) : relative('.', posix.join(posix.dirname(file), path));
}

/** The page behind an address without an ending. */
function pageOf(path, pages) {
  return [path, `${path}.html`, posix.join(path, 'index.html')].find((file) => pages.has(file));
}

function decode(text) {
  return decodeURIComponent(text.replaceAll('&amp;', '&'));
}
