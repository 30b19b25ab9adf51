/** README's picture: many processes, one computation, several servers by weight. */
export const overview = {
  width: 760,
  height: 330,
  title: { en: 'One computation for the whole fleet', zh: '整个集群只计算一次' },
  desc: {
    en: 'Three processes of a NestJS application ask for product 7, which is not cached. memcached gives one of them the lease; it asks the database once and stores the value. The others wait a few milliseconds for that value. Keys are shared among the servers by weight.',
    zh: '一个 NestJS 应用的三个进程同时请求缓存中没有的商品 7。memcached 只把租约交给其中一个进程，由它查询一次数据库并写入缓存，其余进程等待几毫秒后读到这个值。键按权重分布在各台服务器上。',
  },
  boxes: [
    {
      x: 20,
      y: 30,
      width: 200,
      height: 60,
      text: { en: '@Cacheable()\nprocess 1', zh: '@Cacheable()\n进程 1' },
    },
    {
      x: 20,
      y: 120,
      width: 200,
      height: 60,
      text: { en: '@Cacheable()\nprocess 2', zh: '@Cacheable()\n进程 2' },
    },
    {
      x: 20,
      y: 210,
      width: 200,
      height: 60,
      text: { en: '@Cacheable()\nprocess 3', zh: '@Cacheable()\n进程 3' },
    },
    {
      x: 470,
      y: 30,
      width: 270,
      height: 60,
      text: {
        en: 'memcached, weight 2\nabout two thirds of the keys',
        zh: 'memcached，权重 2\n约三分之二的键',
      },
    },
    {
      x: 470,
      y: 120,
      width: 270,
      height: 60,
      text: {
        en: 'memcached, weight 1\nabout one third of the keys',
        zh: 'memcached，权重 1\n约三分之一的键',
      },
    },
    {
      x: 470,
      y: 210,
      width: 270,
      height: 60,
      kind: 'good',
      text: { en: 'the database\nis asked once', zh: '数据库\n只被查询一次' },
    },
  ],
  arrows: [
    {
      path: [
        [220, 50],
        [468, 50],
      ],
      at: [345, 42],
      text: { en: 'product:7? you have the lease (W)', zh: 'product:7？租约归你（W）' },
    },
    {
      path: [
        [220, 140],
        [300, 140],
        [300, 72],
        [468, 72],
      ],
      at: [345, 90],
      text: { en: 'somebody has it (Z): wait', zh: '别人在算（Z）：稍等' },
    },
    {
      path: [
        [220, 230],
        [320, 230],
        [320, 80],
        [468, 80],
      ],
    },
    {
      path: [
        [200, 90],
        [200, 105],
        [410, 105],
        [410, 240],
        [468, 240],
      ],
      at: [435, 200],
      anchor: 'end',
      text: { en: 'one load', zh: '一次加载' },
    },
  ],
  texts: [
    {
      x: 20,
      y: 300,
      size: 13,
      dim: true,
      text: {
        en: 'A deleted key voids the lease: what was computed before an invalidation is not stored after it.\nA server that is away costs a request nothing: it is known to be away, and the loader is called at once.',
        zh: '删除键会同时使租约失效：失效之前开始的计算，结果不会在失效之后写入。\n服务器不可用时请求不会被拖慢：客户端知道它不可用，直接调用加载函数。',
      },
    },
  ],
};
