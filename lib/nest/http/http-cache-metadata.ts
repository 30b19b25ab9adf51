/** Under which a route keeps its `HttpCacheOptions`. */
export const HTTP_CACHE = 'nestjs-memcached:http';
