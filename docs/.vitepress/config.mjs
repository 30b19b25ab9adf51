import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { repositoryUrl } from '../../scripts/docs/repository.mjs';
import { slugOf } from '../../scripts/docs/slug.mjs';
import { CHINESE, ENGLISH } from './pages.mjs';

const REPOSITORY = repositoryUrl();

const CHINESE_THEME = {
  sidebar: sidebarOf(CHINESE, '/zh/'),
  outline: { level: [2, 3], label: '本页目录' },
  docFooter: { prev: '上一页', next: '下一页' },
  sidebarMenuLabel: '菜单',
  returnToTopLabel: '回到顶部',
  langMenuLabel: '切换语言',
  darkModeSwitchLabel: '外观',
  lightModeSwitchTitle: '切换到浅色模式',
  darkModeSwitchTitle: '切换到深色模式',
  skipToContentLabel: '跳到正文',
  notFound: { title: '页面不存在', quote: '这里没有内容。', linkLabel: '回到首页', linkText: '回到首页' },
};

const CHINESE_SEARCH = {
  button: { buttonText: '搜索', buttonAriaLabel: '搜索' },
  modal: {
    displayDetails: '显示详细列表',
    resetButtonTitle: '清除搜索条件',
    backButtonTitle: '关闭搜索',
    noResultsText: '没有找到结果',
    footer: { selectText: '选择', navigateText: '切换', closeText: '关闭' },
  },
};

export default defineConfig({
  title: 'nestjs-memcached',
  description: 'The memcached cache for NestJS',
  lang: 'en',
  cleanUrls: true,
  metaChunk: true,
  locales: {
    root: { label: 'English', lang: 'en' },
    zh: {
      label: '简体中文',
      lang: 'zh-CN',
      link: '/zh/',
      description: '面向 NestJS 的 memcached 缓存',
      themeConfig: CHINESE_THEME,
    },
  },
  themeConfig: {
    search: { provider: 'local', options: { locales: { zh: { translations: CHINESE_SEARCH } } } },
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    sidebar: sidebarOf(ENGLISH, '/'),
  },
  markdown: {
    anchor: { slugify: slugOf },
    config: (markdown) => markdown.core.ruler.push('outside', leadOutside),
  },
  vite: {
    build: { chunkSizeWarningLimit: 4096 },
    resolve: {
      alias: [
        {
          find: /^(\.\.?\/)+composables\/langs$/,
          replacement: fileURLToPath(new URL('theme/langs.js', import.meta.url)),
        },
      ],
    },
  },
});

/** Links to files of the repository that are no pages lead to the repository. */
function leadOutside({ tokens, env }) {
  for (const token of tokens.flatMap(({ children }) => children ?? [])) {
    const href = token.type === 'link_open' ? token.attrGet('href') : null;
    if (href === null || /^(\w+:|#|\/)/.test(href)) continue;
    const path = posix.join('docs', posix.dirname(env.relativePath), href);
    if (!path.startsWith('docs/') || path.endsWith('.yaml'))
      token.attrSet('href', `${REPOSITORY}/blob/main/${path}`);
  }
}

function sidebarOf(groups, base) {
  return groups.map(({ text, pages }) => ({
    text,
    items: pages.map(([path, title]) => ({ text: title, link: base + path.replace(/(^|\/)index$/, '$1') })),
  }));
}
