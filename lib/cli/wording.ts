const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes as people read them, by powers of 1024: `512 B`, `1.5 MB`. */
export function bytesText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${short(bytes / 1024 ** power)} ${UNITS[power]}`;
}

/** A count as people read it: `950`, `12.3k`, `4.5M`. */
export function countText(count: number): string {
  if (count < 10_000) return short(count);
  if (count < 1e6) return `${short(count / 1e3)}k`;
  return count < 1e9 ? `${short(count / 1e6)}M` : `${short(count / 1e9)}G`;
}

/** A share from 0 to 1; a dash for what is not known. */
export function shareText(share: number | undefined): string {
  return share === undefined ? '-' : `${(share * 100).toFixed(1)} %`;
}

/** Seconds as people read them: `42s`, `3m 5s`, `2d 4h`. */
export function durationText(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([amount], index) => index === 0 || amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(' ');
}

/** Milliseconds, to the hundredth below ten. */
export function millisecondsText(milliseconds: number): string {
  return `${milliseconds < 10 ? milliseconds.toFixed(2) : milliseconds.toFixed(0)} ms`;
}

/** Three digits at most, where there are fractions. */
function short(number: number): string {
  if (Number.isInteger(number) || number >= 100) return String(Math.round(number));
  return number.toFixed(number < 10 ? 2 : 1);
}

/** A bar of eighths of a character. @param share from 0 to 1. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const rest = eighths % 8;
  return '█'.repeat(Math.floor(eighths / 8)) + (rest === 0 ? '' : '▏▎▍▌▋▊▉'[rest - 1]);
}
