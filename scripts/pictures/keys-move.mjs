/** Shares of the keys on four servers, before and after the third leaves: on a circle, and modulo the length of a list. */
const COLUMNS = [
  { x: 20, kinds: ['box', 'box', 'bad', 'box'], shares: ['25 %', '25 %', '25 %', '25 %'] },
  { x: 270, kinds: ['box', 'box', 'note', 'box'], shares: ['25 % + 8 %', '25 % + 8 %', '–', '25 % + 8 %'] },
  { x: 520, kinds: ['bad', 'bad', 'note', 'bad'], shares: ['33 %', '33 %', '–', '33 %'] },
];

const heads = [
  { en: 'four servers', zh: '四台服务器' },
  {
    en: 'one is taken out:\nketama, rendezvous, dalli …',
    zh: '移除一台：\nketama、rendezvous、dalli 等',
  },
  {
    en: 'one is taken out:\npython-memcached, memjs …',
    zh: '移除一台：\npython-memcached、memjs 等',
  },
];

/** How keys move when a server is taken out of the list. */
export const keysMove = {
  width: 760,
  height: 330,
  title: { en: 'How keys move when a server is taken out', zh: '移除一台服务器时键如何移动' },
  desc: {
    en: 'Four servers of equal weight hold a quarter of the keys each. When one is taken out of the list, a circle such as ketama gives its quarter to the others, and all other keys stay. A rule that counts modulo the length of the list sends three quarters of all keys to another server.',
    zh: '四台权重相同的服务器各持有四分之一的键。从列表中移除一台后，ketama 这类哈希环只把它的四分之一分给其余服务器，其他键不动；按列表长度取模的规则会让四分之三的键换到另一台服务器。',
  },
  texts: [
    ...COLUMNS.map(({ x }, index) => ({ x, y: 30, bold: true, text: heads[index] })),
    {
      x: 270,
      y: 300,
      size: 13,
      dim: true,
      text: { en: 'a quarter of the keys moves', zh: '四分之一的键移动' },
    },
    {
      x: 520,
      y: 300,
      size: 13,
      dim: true,
      text: { en: 'three quarters of the keys move', zh: '四分之三的键移动' },
    },
  ],
  boxes: COLUMNS.flatMap(({ x, kinds, shares }) =>
    kinds.map((kind, index) => ({
      x,
      y: 70 + index * 54,
      width: 220,
      height: 44,
      kind,
      text: { en: `${'ABCD'[index]}: ${shares[index]}`, zh: `${'ABCD'[index]}：${shares[index]}` },
    })),
  ),
  arrows: [
    {
      path: [
        [240, 200],
        [268, 200],
      ],
    },
    {
      path: [
        [490, 200],
        [518, 200],
      ],
    },
  ],
};
