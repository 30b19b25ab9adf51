const box = (x, y, en, zh, kind, width = 170, height = 52) => ({
  x,
  y,
  width,
  height,
  kind,
  text: { en, zh },
  size: 13,
});
const arrow = (path, en, zh, at, more = {}) => ({
  path,
  at,
  text: en === undefined ? undefined : { en, zh },
  ...more,
});

/** How one read of the cache decides. */
export const read = {
  width: 760,
  height: 520,
  title: { en: 'How one read decides', zh: '一次读取如何决策' },
  desc: {
    en: 'A read asks memcached once. A fresh value is returned. A stale one is returned, and whoever has the right computes it anew behind the response. Where there is nothing, one process has the right and calls the loader; the others wait for its value. A value is stored only if nothing has changed under its key since the read. If the server does not answer, the loader is called and nothing is stored.',
    zh: '读取只向 memcached 发一次请求。新值直接返回；过期但在宽限期内的值也直接返回，由拿到计算权的一方在响应之后重新计算。没有值时，一个进程拿到计算权并调用加载函数，其余进程等待它的结果。写入时，只有键在读取之后没有变化才会成功。服务器没有应答时，直接调用加载函数，不写缓存。',
  },
  boxes: [
    box(295, 16, 'read: one request', '读取：一次请求', 'box'),
    box(295, 110, 'what is there?', '缓存里有什么？', 'note'),
    box(20, 110, 'return it', '返回', 'good'),
    box(20, 210, 'return it at once', '立即返回旧值', 'good'),
    box(20, 320, 'compute behind\nthe response', '在响应之后\n重新计算', 'box'),
    box(295, 210, 'whose is the right\nto compute?', '计算权在谁手里？', 'note'),
    box(570, 210, 'wait for its value', '等待对方的值', 'box'),
    box(295, 320, 'call the loader', '调用加载函数', 'box'),
    box(570, 110, 'call the loader,\nstore nothing', '调用加载函数，\n不写缓存', 'bad'),
    box(295, 430, 'unchanged since\nthe read?', '读取之后键变过吗？', 'note'),
    box(20, 430, 'store and return', '写入并返回', 'good'),
    box(570, 430, 'return, do not store', '返回，不写入', 'good'),
  ],
  arrows: [
    arrow([
      [380, 68],
      [380, 108],
    ]),
    arrow(
      [
        [295, 136],
        [192, 136],
      ],
      'fresh',
      '新值',
      [244, 128],
    ),
    arrow(
      [
        [320, 162],
        [320, 185],
        [105, 185],
        [105, 208],
      ],
      'stale',
      '旧值',
      [244, 178],
    ),
    arrow(
      [
        [105, 262],
        [105, 318],
      ],
      'if the right is ours',
      '若计算权归我',
      [112, 295],
      { anchor: 'start', dashed: true },
    ),
    arrow(
      [
        [380, 162],
        [380, 208],
      ],
      'nothing',
      '没有',
      [388, 190],
      { anchor: 'start' },
    ),
    arrow(
      [
        [465, 136],
        [568, 136],
      ],
      'no answer',
      '没有应答',
      [516, 128],
    ),
    arrow(
      [
        [465, 236],
        [568, 236],
      ],
      "another's (Z)",
      '别人（Z）',
      [516, 228],
    ),
    arrow(
      [
        [380, 262],
        [380, 318],
      ],
      'ours (W)',
      '自己（W）',
      [388, 295],
      { anchor: 'start' },
    ),
    arrow(
      [
        [655, 262],
        [655, 346],
        [467, 346],
      ],
      'it never came',
      '一直没等到',
      [560, 338],
      { dashed: true },
    ),
    arrow([
      [380, 372],
      [380, 428],
    ]),
    arrow(
      [
        [105, 372],
        [105, 400],
        [340, 400],
        [340, 428],
      ],
      undefined,
      undefined,
      undefined,
      { dashed: true },
    ),
    arrow(
      [
        [295, 456],
        [192, 456],
      ],
      'yes',
      '没变',
      [244, 448],
    ),
    arrow(
      [
        [465, 456],
        [568, 456],
      ],
      'no',
      '变过',
      [516, 448],
    ),
  ],
};
