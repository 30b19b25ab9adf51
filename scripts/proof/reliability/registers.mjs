/* Bare commands: values that tell whose they are and how new. Each register has one writer. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Keys of a many-key read, before those that come twice are left out. */
const MANY = 200;

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

function written(name, version) {
  const length = version % 97 === 0 ? 20_000 : (version * 7) % 700;
  return `${name}=${version}=${LETTERS[version % 26].repeat(length)}`;
}

/** @returns the version of a value that was stored under this name, NaN for anything else. */
function versionOf(name, value) {
  if (typeof value !== 'string' || !value.startsWith(`${name}=`)) return NaN;
  const version = Number(value.slice(name.length + 1).split('=', 1)[0]);
  return value === written(name, version) ? version : NaN;
}

export class Registers {
  /** @readonly */
  #raw;
  /** @readonly */
  #verdict;
  /** @readonly */
  #strict;
  /** @readonly */
  #missesTrusted;
  /** @readonly */
  #registers;

  /**
   * @param {boolean} strict whether an acknowledgement can be trusted: from a peer that lies in classic, it cannot.
   * @param {boolean} missesTrusted whether a miss of a many-key read can be: from a peer that lies, it cannot.
   */
  constructor(raw, verdict, count, strict, missesTrusted) {
    this.#raw = raw;
    this.#verdict = verdict;
    this.#strict = strict;
    this.#missesTrusted = missesTrusted;
    this.#registers = Array.from({ length: count }, (_, index) => fresh(index, 0));
  }

  async write(index) {
    const register = this.#registers[index];
    register.begun += 1;
    const version = register.begun;
    const done = await this.#verdict.of('set', () =>
      this.#raw.set(register.name, written(register.name, version)),
    );
    this.#verdict.writes += 1;
    if (done?.value === true) {
      register.acknowledged = version;
    } else {
      // Nobody knows whether, and when, it will take effect.
      register.clean = false;
      this.#registers[index] = fresh(index, register.generation + 1);
      await sleep(1);
    }
  }

  async read(random, how) {
    if (how === 'getMany') {
      const some = [...new Set(Array.from({ length: MANY }, () => this.#pick(random)))];
      const floors = some.map(({ acknowledged }) => acknowledged);
      const done = await this.#verdict.of('getMany', () => this.#raw.getMany(some.map(({ name }) => name)));
      if (done === undefined) return;
      const failed = new Set((done.value.failures ?? []).flatMap(({ keys }) => [...keys]));
      some.forEach((register, index) => {
        if (failed.has(register.name)) return;
        this.#judge(register, floors[index], done.value.get(register.name), this.#missesTrusted);
      });
      const names = new Set(some.map(({ name }) => name));
      for (const name of done.value.keys()) {
        if (!names.has(name))
          this.#verdict.complain('wrong', `getMany answered ${name}, which nobody asked for`);
      }
      return;
    }
    const register = this.#pick(random);
    const floor = register.acknowledged;
    const done = await this.#verdict.of(how, () => this.#raw[how](register.name));
    if (done === undefined) await sleep(1);
    else this.#judge(register, floor, how === 'gets' ? done.value?.value : done.value);
  }

  #judge(register, floor, value, missesTrusted = true) {
    this.#verdict.reads += 1;
    if (value === undefined) {
      if (floor > 0 && register.clean && this.#strict && missesTrusted)
        this.#verdict.complain('lost', `${register.name} is missing, ${floor} was acknowledged`);
      return;
    }
    const version = versionOf(register.name, value);
    if (isFilled(register.name, value)) {
      this.#verdict.filled += 1;
    } else if (!(version <= register.begun)) {
      this.#verdict.complain('wrong', `${register.name} is ${String(value).slice(0, 60)}`);
    } else if (version < floor && register.clean && this.#strict) {
      this.#verdict.complain('stale', `${register.name} is ${version}, ${floor} was acknowledged`);
    }
  }

  #pick(random) {
    return this.#registers[Math.floor(random() * this.#registers.length)];
  }
}

/** The beginning of a reply of the meta dialect. */
const REPLY = /(?:VA \d+|HD|EN|NF|NS|EX)(?: [^\r\n]*)? O[\w-]{6}\d/;

/**
 * Whether a value's end is missing and the beginning of the next reply stands in its place, to the byte. No client can tell that: a
 * value says nothing of its bytes but how many they are.
 */
function isFilled(name, value) {
  const at = typeof value === 'string' ? value.search(REPLY) : -1;
  if (at < 0) return false;
  const begun = value.slice(0, at);
  return begun.length <= name.length
    ? name.startsWith(begun)
    : begun.startsWith(`${name}=`) && /^\d*(?:=([a-z]?)\1*)?$/.test(begun.slice(name.length + 1));
}

function fresh(index, generation) {
  return { name: `register:${index}.${generation}`, generation, begun: 0, acknowledged: 0, clean: true };
}
