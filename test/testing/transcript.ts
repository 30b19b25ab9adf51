import { readdirSync, readFileSync } from 'node:fs';
import type { MemcachedServerOptions } from '../../lib/testing/index.js';
import type { RealMemcachedOptions } from '../support/real-memcached.js';

/** The user that servers of sections with `@ auth` let in. */
export const CREDENTIALS = { username: 'alice', password: 's3cret' } as const;

/** What one exchange sends, and what must come back. */
export interface Exchange {
  /** Where it stands, for messages. */
  readonly line: number;
  /** The bytes to send, in the spelling of the file. */
  readonly request: string;
  /** The bytes to come back, in the spelling of the file. */
  readonly reply: string;
  /** Whether the server then closes the connection. */
  readonly closes: boolean;
}

/** A part of a transcript, played on a fresh server and one connection. */
export interface Section {
  readonly title: string;
  readonly auth: boolean;
  readonly maxItemBytes: number | undefined;
  readonly exchanges: readonly Exchange[];
}

/** Reads every transcript; `README.md` beside them describes the notation. */
export function readTranscripts(): Map<string, Section[]> {
  const folder = new URL('../fixtures/transcripts/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  return new Map(
    names.map((name) => [
      name.slice(0, -'.txt'.length),
      parseTranscript(readFileSync(new URL(name, folder), 'utf8')),
    ]),
  );
}

/** What the embedded server of a section is started with. */
export function embeddedOptions({ auth, maxItemBytes }: Section): MemcachedServerOptions {
  return { maxItemBytes, auth: auth ? CREDENTIALS : undefined };
}

/**
 * What the real server of a section is started with.
 *
 * @param passwordFile a file with the credentials, as `-Y` takes it.
 */
export function realOptions({ auth, maxItemBytes }: Section, passwordFile: string): RealMemcachedOptions {
  // Its thread holds items for moments, in which counting makes a new item where it would have changed the old one.
  const args = ['-o', 'no_lru_maintainer'];
  if (auth) args.push('-Y', passwordFile);
  if (maxItemBytes !== undefined) args.push('-I', String(maxItemBytes));
  return { args };
}

/** @throws {Error} with the line, for anything that is not of the notation. */
export function parseTranscript(text: string): Section[] {
  const sections: {
    title: string;
    auth: boolean;
    maxItemBytes: number | undefined;
    exchanges: Exchange[];
  }[] = [];
  let open: { line: number; request: string; reply: string; closes: boolean; answered: boolean } | undefined;
  text.split('\n').forEach((source, index) => {
    const section = sections.at(-1);
    const fail = (): never => {
      throw new Error(`line ${index + 1}: ${source}`);
    };
    if (source.startsWith('== ')) {
      sections.push({ title: source.slice(3), auth: false, maxItemBytes: undefined, exchanges: [] });
      open = undefined;
    } else if (source === '' || source.startsWith('#')) {
      open = undefined;
    } else if (section === undefined) {
      fail();
    } else if (source === '@ auth') {
      section.auth = true;
    } else if (source.startsWith('@ max-item-bytes ')) {
      section.maxItemBytes = Number(source.slice('@ max-item-bytes '.length));
    } else if (source.startsWith('>')) {
      if (open?.answered) fail();
      if (open === undefined) {
        open = { line: index + 1, request: '', reply: '', closes: false, answered: false };
        section.exchanges.push(open);
      }
      open.request += source.startsWith('>| ') ? source.slice(3) : `${source.slice(2)}\\r\\n`;
    } else if (open !== undefined && source.startsWith('<')) {
      open.answered = true;
      if (source === '<closed') open.closes = true;
      else open.reply += source.startsWith('<| ') ? source.slice(3) : `${source.slice(2)}\\r\\n`;
    } else {
      fail();
    }
  });
  return sections;
}

/** Turns the notation for bytes into a latin1 string: `\r`, `\xff`, `{y*1000}`. */
export function unescape(source: string): string {
  return source
    .replace(/\{(.)\*(\d+)\}/g, (_, character: string, count: string) => character.repeat(Number(count)))
    .replace(/[^\0-\x7f]+/g, (text) => Buffer.from(text, 'utf8').toString('latin1'))
    .replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, letter: string) =>
      hex === undefined ? ESCAPES[letter] : String.fromCharCode(parseInt(hex, 16)),
    );
}

const ESCAPES: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '0': '\0', '\\': '\\' };

/** How far a number of seconds may be off, because it was not asked for in the second that the transcript was written. */
const SECONDS_TOLERANCE = 10;

/** A cas number, seconds, or seconds from now as a Unix time. */
const PLACEHOLDER = /#(\d+)|~(-?\d+)|(?<==)@(-?\d+)/g;

const NUMBER = '(-?\\d+)';

/**
 * The cas numbers of one section under their names: every name stands for one number, and every number has one name,
 * so that what was equal or different in the transcript must be equal or different here.
 */
export class CasNumbers {
  readonly #byName = new Map<string, string>();

  /** Puts numbers in the place of `#1`, `#1-1` and `#1+1` in a request. */
  fill(request: string): string {
    return request.replace(/#(\d+)([+-]\d+)?/g, (_, name: string, offset: string | undefined) => {
      const known = this.#byName.get(name);
      if (known === undefined) throw new Error(`#${name} has not been seen yet`);
      return String(BigInt(known) + BigInt(offset ?? 0));
    });
  }

  /**
   * Compares a reply with what the transcript says.
   *
   * @returns the expected reply with the actual numbers in it, where they are right; equal to the reply if all is well.
   */
  expect(expected: string, actual: string): string {
    // Split by three groups: a literal, and then the three of which one is set.
    const parts = expected.split(PLACEHOLDER);
    if (parts.length === 1) return expected;
    const pattern = parts
      .map((part, index) => [escapeRegExp(part ?? ''), NUMBER, '', ''][index % 4])
      .join('');
    const numbers = new RegExp(`^${pattern}$`, 's').exec(actual)?.slice(1);
    if (numbers === undefined) return expected;
    let index = 0;
    return expected.replace(PLACEHOLDER, (text, name?: string, near?: string, fromNow?: string) => {
      const number = numbers[index++];
      if (name !== undefined) return this.#isCalled(number, name) ? number : text;
      const seconds = near === undefined ? Math.floor(Date.now() / 1000) + Number(fromNow) : Number(near);
      return Math.abs(Number(number) - seconds) <= SECONDS_TOLERANCE ? number : text;
    });
  }

  #isCalled(number: string, name: string): boolean {
    const known = this.#byName.get(name);
    if (known !== undefined) return known === number;
    if ([...this.#byName.values()].includes(number)) return false;
    this.#byName.set(name, number);
    return true;
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
