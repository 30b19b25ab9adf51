import { computed } from 'vue';
import { useData } from 'vitepress';
import { addressIn } from '../languages.mjs';

/**
 * Takes the place of the default theme's `composables/langs.js`, whose links to another language lead to a page of the same
 * path whether there is one or not.
 */
export function useLangs({ correspondingLink = false } = {}) {
  const { site, localeIndex, page, hash } = useData();
  const languages = computed(() =>
    Object.entries(site.value.locales).map(([key, { label }]) => ({ key, label })),
  );
  const home = (key) => (key === 'root' ? '/' : `/${key}/`);
  const currentLang = computed(() => ({
    label: site.value.locales[localeIndex.value]?.label,
    link: home(localeIndex.value),
  }));
  const localeLinks = computed(() =>
    languages.value
      .filter(({ key }) => key !== localeIndex.value)
      .map(({ key, label }) => ({
        text: label,
        link: correspondingLink ? addressIn(key, page.value.relativePath) + hash.value : home(key),
      })),
  );
  return { localeLinks, currentLang };
}
