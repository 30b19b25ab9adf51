import { stripVTControlCharacters } from 'node:util';

/** What a warning begins with in the output of Vite and Rollup. */
const WARNING = /^\s*(\(!\)|warning|warn\b|\[warn|⚠)/i;

/**
 * @param {() => Promise<unknown>} work something that writes to the console; what it writes is still shown.
 * @returns {Promise<string[]>} the warnings among it.
 */
export async function warningsDuring(work) {
  const warnings = new Set();
  const streams = [process.stdout, process.stderr];
  for (const stream of streams) {
    const write = stream.write.bind(stream);
    stream.write = (chunk, ...rest) => {
      const lines = stripVTControlCharacters(String(chunk)).split('\n');
      for (const line of lines.filter((text) => WARNING.test(text))) warnings.add(line);
      return write(chunk, ...rest);
    };
  }
  const warn = console.warn;
  console.warn = (...parts) => {
    warnings.add(parts.join(' '));
    warn(...parts);
  };
  try {
    await work();
  } finally {
    console.warn = warn;
    // What stands behind is the method of the class.
    for (const stream of streams) delete stream.write;
  }
  return [...warnings];
}
