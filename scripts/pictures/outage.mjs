const column = (index) => 20 + index * 250;
const box = (index, y, height, en, zh, kind) => ({
  x: column(index),
  y,
  width: 220,
  height,
  kind,
  size: 13,
  text: { en, zh },
});
const title = (index, en, zh) => ({ x: column(index), y: 36, bold: true, size: 15, text: { en, zh } });

/** What happens when a server dies. */
export const outage = {
  width: 760,
  height: 400,
  title: { en: 'What happens when a server dies', zh: '一台服务器宕机时会发生什么' },
  desc: {
    en: 'Before: all servers answer. During: the first requests may wait for the time-out, once; then the server is known to be away, loaders are called at once, invalidations for it are remembered, and a probe asks it with growing pauses. After: owed invalidations are delivered first, only then are keys read from it again.',
    zh: '之前：所有服务器都应答。期间：最初的请求至多等待一次超时，之后客户端知道它不可用，直接调用加载函数，发往它的失效会被记下，并以逐渐拉长的间隔探测。之后：先补发记下的失效，然后才重新从它读取。',
  },
  texts: [title(0, 'Before', '之前'), title(1, 'During', '期间'), title(2, 'After', '之后')],
  boxes: [
    box(0, 56, 70, 'reads: 1 request,\nanswered', '读取：一次请求，\n正常应答', 'good'),
    box(
      0,
      146,
      70,
      'invalidations: delivered\nbefore the call returns',
      '失效：调用返回之前\n已经送达',
      'good',
    ),
    box(0, 236, 70, 'locks, counters, updates:\ncarried out', '锁、计数、更新：\n正常执行', 'good'),
    box(
      1,
      56,
      70,
      'reads: the loader, at once;\nthe first ones after a time-out',
      '读取：直接调用加载函数；\n最初几个等一次超时',
      'bad',
    ),
    box(1, 146, 70, 'invalidations: owed,\nremembered key by key', '失效：记为欠账，\n逐键保存', 'note'),
    box(
      1,
      236,
      70,
      'locks, counters, updates:\nrefused, with the outcome',
      '锁、计数、更新：\n拒绝，并说明结果',
      'bad',
    ),
    box(1, 326, 54, 'a probe every 50 to 400 ms', '每 50 到 400 毫秒探测一次', 'note'),
    box(2, 56, 70, 'reads: after what is owed\nhas been delivered', '读取：先补发欠账，\n再恢复读取', 'good'),
    box(2, 146, 70, 'invalidations: owed ones first,\nthen new ones', '失效：先补旧账，\n再送新的', 'good'),
    box(
      2,
      236,
      70,
      'leases, locks and tokens of its\nformer life are refused',
      '它重启之前的租约、锁和\ncas 令牌一律作废',
      'good',
    ),
  ],
  arrows: [
    {
      path: [
        [240, 91],
        [268, 91],
      ],
    },
    {
      path: [
        [490, 91],
        [518, 91],
      ],
    },
    {
      path: [
        [240, 181],
        [268, 181],
      ],
    },
    {
      path: [
        [490, 181],
        [518, 181],
      ],
    },
    {
      path: [
        [240, 271],
        [268, 271],
      ],
    },
    {
      path: [
        [490, 271],
        [518, 271],
      ],
    },
  ],
};
