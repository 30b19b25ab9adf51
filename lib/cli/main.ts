#!/usr/bin/env node
import { runCommandLine } from './command-line.js';
import { printable } from './table.js';
import { Terminal } from './terminal.js';

const ended = new AbortController();
const terminal = new Terminal(process, process.env);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // A second one ends the program at once.
  process.once(signal, () => ended.abort());
}

// Whoever reads a pipe may stop before its end, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.removeAllListeners('warning');
process.on('warning', ({ message }) => terminal.note(`warning: ${printable(message)}`));

process.exitCode = await runCommandLine(process.argv.slice(2), process.env, terminal, ended.signal);
