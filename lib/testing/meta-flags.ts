import { decodeKey, encodeKey } from './base64-keys.js';
import { BAD_FORMAT } from './classic-storage.js';
import { MAX_KEY_BYTES } from './item.js';
import { parseCas, parseUint32, parseInt32, parseUint64 } from './wire-numbers.js';

/** Flags that every meta command takes, whether they mean something to it or not. */
const KNOWN = 'vftckOqshlubNRTCFDJMIPL';

/** The letters each command takes behind `M`; the others pass over it. */
const MODES: Readonly<Record<MetaCommand, string | undefined>> = {
  mg: undefined,
  ms: 'EAPRS',
  md: undefined,
  ma: 'I+D-',
};

/** A command with more words than this is refused before its flags are looked at. */
const MAX_WORDS = 19;

/** Longest opaque, without its `O`. */
const MAX_OPAQUE_CHARACTERS = 31;

const BAD_TOKEN = 'CLIENT_ERROR bad token in command line format';

/** The key and the flags of one meta command. */
export class MetaFlags {
  /** The key's bytes as a latin1 string. */
  key: string;
  /** The flags as they came: they are answered in the order they were asked. */
  readonly asked: readonly string[];
  base64 = false;
  quiet = false;
  wantsValue = false;
  /** `u`: leave no trace of this access. */
  noTrace = false;
  invalidate = false;
  /** `N`: exptime of an item to be made on a miss. */
  vivify: number | undefined;
  /** `T`: new exptime. */
  exptime: number | undefined;
  /** `R`: exptime before which an item ends whose value should be recomputed. */
  recacheBelow: number | undefined;
  /** `C`: the cas number the item must have. */
  cas: number | undefined;
  /** The letter behind `M`. */
  mode: string | undefined;
  /** `F`. */
  clientFlags: number | undefined;
  /** `J`: the number an `ma` starts with on a miss. */
  initial: bigint | undefined;
  /** `D`: what an `ma` adds or takes. */
  delta: bigint | undefined;

  private constructor(key: string, asked: readonly string[]) {
    this.key = key;
    this.asked = asked;
  }

  /**
   * Reads the words of a meta command.
   *
   * @param tokens all its words, at least the command and the key.
   */
  static read(command: MetaCommand, tokens: readonly string[]): MetaFlags | MetaRefusal {
    const key = tokens[1];
    if (key.length > MAX_KEY_BYTES) return { error: BAD_FORMAT, early: true };
    if (tokens.length > MAX_WORDS) {
      return { error: `CLIENT_ERROR options flags ${command === 'mg' ? 'are ' : ''}too long`, early: true };
    }
    const flags = new MetaFlags(key, tokens.slice(command === 'ms' ? 3 : 2));
    const error = flags.#readAll();
    if (error !== undefined) {
      const specific = command === 'mg' || command === 'ms';
      return { error: specific ? error : 'CLIENT_ERROR invalid or duplicate flag', early: false };
    }
    const late = flags.#lateError(command);
    return late === undefined ? flags : { error: late, early: false };
  }

  /** Flags of an answer that has only the key and the opaque: every miss, `md`, a failed `ma`. */
  echo(): string {
    let text = '';
    for (const flag of this.asked) text += this.echoOf(flag);
    return text;
  }

  /** What a flag adds to any answer: the key as it was asked for, or the opaque. */
  echoOf(flag: string): string {
    if (flag[0] === 'k') return shownKey(this.key, this.base64);
    return flag[0] === 'O' ? ` ${flag}` : '';
  }

  /** An unknown or repeated flag is reported at once; of several wrong tokens the last one, `F` only if it is alone. */
  #readAll(): string | undefined {
    let seen = '';
    let error: string | undefined;
    for (const flag of this.asked) {
      const letter = flag[0];
      if (seen.includes(letter) || letter >= '\x7f') return 'CLIENT_ERROR duplicate flag';
      if (!KNOWN.includes(letter)) return 'CLIENT_ERROR invalid flag';
      seen += letter;
      const found = this.#readOne(letter, flag);
      error = letter === 'F' ? (error ?? found) : (found ?? error);
    }
    return error;
  }

  /** @returns what is wrong with the flag's token, if anything. */
  #readOne(letter: string, flag: string): string | undefined {
    switch (letter) {
      case 'v':
        this.wantsValue = true;
        return undefined;
      case 'q':
        this.quiet = true;
        return undefined;
      case 'u':
        this.noTrace = true;
        return undefined;
      case 'I':
        this.invalidate = true;
        return undefined;
      case 'b':
        return this.#decodeKey();
      case 'N':
        return wrong((this.vivify = parseInt32(flag.slice(1))));
      case 'T':
        return wrong((this.exptime = parseInt32(flag.slice(1))));
      case 'R':
        return wrong((this.recacheBelow = parseInt32(flag.slice(1))));
      case 'C':
        return wrong((this.cas = parseCas(flag.slice(1))));
      case 'F':
        return wrong((this.clientFlags = parseUint32(flag.slice(1))), BAD_FORMAT);
      case 'J':
        return wrong(
          (this.initial = parseUint64(flag.slice(1))),
          'CLIENT_ERROR invalid numeric initial value',
        );
      case 'D':
        return wrong((this.delta = parseUint64(flag.slice(1))), 'CLIENT_ERROR invalid numeric delta value');
      case 'M':
        this.mode = flag[1];
        return flag.length === 2 ? undefined : 'CLIENT_ERROR incorrect length for M token';
      default:
        return undefined;
    }
  }

  #decodeKey(): string | undefined {
    const key = decodeKey(this.key);
    if (key === undefined) return 'CLIENT_ERROR error decoding key';
    this.key = key;
    this.base64 = true;
    return undefined;
  }

  #lateError(command: MetaCommand): string | undefined {
    const modes = MODES[command];
    if (modes !== undefined && this.mode !== undefined && !modes.includes(this.mode)) {
      return `CLIENT_ERROR invalid mode for ${command} M token`;
    }
    const tooLong = this.asked.some((flag) => flag[0] === 'O' && flag.length > MAX_OPAQUE_CHARACTERS + 1);
    return tooLong ? 'CLIENT_ERROR opaque token too long' : undefined;
  }
}

export type MetaCommand = 'mg' | 'ms' | 'md' | 'ma';

/** Why a meta command was refused. */
export interface MetaRefusal {
  readonly error: string;
  /** Whether that was seen before the flags; then the data block of an `ms` is taken for commands. */
  readonly early: boolean;
}

/** A key as an answer shows it, behind a blank. */
export function shownKey(key: string, base64: boolean): string {
  return base64 ? ` k${encodeKey(key)} b` : ` k${key}`;
}

function wrong(value: number | bigint | undefined, error = BAD_TOKEN): string | undefined {
  return value === undefined ? error : undefined;
}
