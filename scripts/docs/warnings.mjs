/** What a warning begins with in the output of Vite and Rollup, once its colours are gone. */
const WARNING = /^\s*(\(!\)|warning|warn\b|\[warn|⚠)/i;

/** What stands for a colour in a terminal. */
// oxlint-disable-next-line no-control-regex
const COLOUR = /\u001B\[[\d;]*m/g;

/**
 * @param {() => Promise<unknown>} work something that writes to the console; what it writes is still shown.
 * @returns {Promise<string[]>} the warnings among it.
 */
export async function warningsDuring(work) {
  const warnings = [];
  const restore = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write;
    stream.write = (chunk, ...rest) => {
      const lines = String(chunk).replaceAll(COLOUR, '').split('\n');
      warnings.push(...lines.filter((line) => WARNING.test(line)));
      return write.call(stream, chunk, ...rest);
    };
    return () => {
      stream.write = write;
    };
  });
  const warn = console.warn;
  console.warn = (...parts) => {
    warnings.push(parts.join(' '));
    warn.call(console, ...parts);
  };
  try {
    await work();
  } finally {
    console.warn = warn;
    for (const undo of restore) undo();
  }
  return [...new Set(warnings)];
}
