const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

const NOTHING = '–';

/** Puts what is not known aside. */
const known = (say) => (value) => (value === undefined || value === null ? NOTHING : say(value));

export const bytes = known((value) => {
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10));
  return `${short(value / 1024 ** power)} ${UNITS[power]}`;
});

export const count = known((value) => {
  if (value < 10_000) return short(value);
  if (value < 1e6) return `${short(value / 1e3)}k`;
  return value < 1e9 ? `${short(value / 1e6)}M` : `${short(value / 1e9)}G`;
});

export const share = known((value) => `${(value * 100).toFixed(1)} %`);

export const milliseconds = known((value) =>
  value >= 1000 ? `${short(value / 1000)} s` : `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`,
);

export const rate = known((value) => `${count(value < 100 ? Math.round(value * 10) / 10 : value)}/s`);

export const seconds = known((value) => {
  const whole = Math.floor(value);
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([amount], index) => index === 0 || amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
});

export function time(unixMs) {
  return new Date(unixMs).toLocaleTimeString();
}

function short(number) {
  if (Number.isInteger(number) || number >= 100) return String(Math.round(number));
  return number.toFixed(number < 10 ? 2 : 1).replace(/\.?0+$/, '');
}
