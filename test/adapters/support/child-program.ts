import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program of `processes/` in a process of its own: it says when it is ready, and begins when it is told. */
export interface ChildProgram {
  /** Lets it begin. @returns the lines that it has printed, once it has ended. */
  go(): Promise<string[]>;
}

/**
 * Starts a program that was compiled by `compileLib`.
 *
 * @param file its path, as JavaScript.
 * @returns once it has printed `ready`.
 * @throws {Error} where it ends before, or with another status than 0.
 */
export async function startProgram(file: string, ...args: string[]): Promise<ChildProgram> {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close') as Promise<[status: number | null, signal: string | null]>;
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.value !== 'ready') throw new Error(`${file}: ended with ${String((await ended)[0])}, not ready`);
  return {
    async go() {
      child.stdin.end('go\n');
      const printed: string[] = [];
      for (let line = await lines.next(); !line.done; line = await lines.next()) printed.push(line.value);
      const [status, signal] = await ended;
      if (status !== 0) throw new Error(`${file}: ended with ${String(signal ?? status)}`);
      return printed;
    },
  };
}

/** Starts several, and lets them begin at once when all are ready. @returns what each has printed. */
export async function runTogether(file: string, ...each: string[][]): Promise<string[][]> {
  const programs = await Promise.all(each.map((args) => startProgram(file, ...args)));
  return Promise.all(programs.map((program) => program.go()));
}
