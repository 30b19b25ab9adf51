/** The token under which each `MemcachedModule` keeps its `ResolvedModuleOptions`. */
export const OPTIONS_TOKEN = Symbol('nestjs-memcached:options');
