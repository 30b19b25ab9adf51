/** The row of a case whose process has come to its end by itself. @throws any other error as it is. */
export function crashed(error) {
  if (!/the process was ended/.test(error.message)) throw error;
  return {
    figure: 'crashed',
    bound: 'no crash',
    held: false,
    details: [error.message],
    found: ['crashes'],
  };
}
