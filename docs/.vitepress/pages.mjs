/**
 * Which pages the site has, in the order of its sidebar: paths below docs/ without `.md`, and what the sidebar calls them.
 *
 * `test/docs/site.spec.ts` holds that every page stands here and in the index of its language.
 */
export const ENGLISH = [
  {
    text: 'Guide',
    pages: [
      ['index', 'All pages'],
      ['getting-started', 'Getting started'],
      ['keys', 'Keys'],
      ['decorators', 'Decorators'],
      ['cache', 'The cache'],
      ['http', 'Whole HTTP answers'],
      ['cas', 'Compare and swap'],
      ['values', 'Values'],
      ['cluster', 'Clusters'],
      ['distributions', 'Which server gets a key'],
      ['near-cache-bus', 'Buses for the near cache'],
      ['health', 'Health'],
      ['observability', 'Logs, reports, channels'],
      ['dashboard', 'The dashboard'],
      ['command-line', 'The command line'],
      ['testing', 'Testing'],
      ['production', 'Before production'],
      ['recipes', 'Recipes'],
      ['faq', 'FAQ'],
    ],
  },
  {
    text: 'Under what you have',
    pages: [
      ['keyv', 'cache-manager and Keyv'],
      ['throttler', '@nestjs/throttler'],
      ['session', 'Sessions'],
    ],
  },
  {
    text: 'Reference',
    pages: [
      ['vocabulary', 'Which call does what'],
      ['options', 'Options'],
      ['errors', 'Errors'],
      ['dialects', 'Dialects'],
    ],
  },
  {
    text: 'Coming from elsewhere',
    pages: [
      ['migrating/index', 'Migrating'],
      ['migrating/cache-manager', 'cache-manager'],
      ['migrating/keyv-cacheable-bentocache', 'Keyv, cacheable, BentoCache'],
      ['migrating/memcached-clients', 'Clients of memcached'],
      ['migrating/redis', 'Redis'],
      ['from-python-memcached', 'python-memcached'],
      ['comparison', 'Beside what is used instead'],
    ],
  },
  {
    text: 'How far it can be trusted',
    pages: [
      ['limits', 'What it does not do'],
      ['near-cache', 'The near cache'],
      ['staleness', 'What can be stale'],
      ['reliability', 'What was tried to break it'],
      ['performance', 'Performance'],
      ['scale', 'At scale'],
    ],
  },
];

/** The same in Chinese, below docs/zh/. */
export const CHINESE = [
  {
    text: '指南',
    pages: [
      ['index', '全部页面'],
      ['getting-started', '快速上手'],
      ['keys', '键'],
      ['decorators', '装饰器'],
      ['cache', '缓存'],
      ['http', '完整的 HTTP 响应'],
      ['cas', '比较并交换'],
      ['values', '值'],
      ['cluster', '集群'],
      ['distributions', '键落在哪台服务器'],
      ['near-cache-bus', '进程内缓存的总线'],
      ['health', '健康检查'],
      ['observability', '日志、报告、诊断通道'],
      ['dashboard', '监控页面'],
      ['command-line', '命令行'],
      ['testing', '测试'],
      ['production', '上线之前'],
      ['recipes', '常用做法'],
      ['faq', '常见问题'],
    ],
  },
  {
    text: '接入现有组件',
    pages: [
      ['keyv', 'cache-manager 和 Keyv'],
      ['throttler', '@nestjs/throttler'],
      ['session', '会话'],
    ],
  },
  {
    text: '参考',
    pages: [
      ['vocabulary', '各个调用的行为'],
      ['dialects', '协议方言'],
    ],
  },
  {
    text: '从别处迁移',
    pages: [
      ['migrating/index', '迁移指南'],
      ['migrating/cache-manager', 'cache-manager'],
      ['migrating/keyv-cacheable-bentocache', 'Keyv、cacheable、BentoCache'],
      ['migrating/memcached-clients', 'memcached 客户端'],
      ['migrating/redis', 'Redis'],
      ['from-python-memcached', 'python-memcached'],
      ['comparison', '与同类方案对比'],
    ],
  },
  {
    text: '可以信任到什么程度',
    pages: [
      ['limits', '它不做什么'],
      ['near-cache', '进程内缓存'],
      ['staleness', '哪些数据可能是旧的'],
    ],
  },
];
