import type { ClientOptions } from '../../../lib/index.js';

export const byDefault: ClientOptions = { servers: '10.0.0.1,10.0.0.2', distribution: 'ketama' };

export const asTwemproxy: ClientOptions = {
  servers: '10.0.0.1,10.0.0.2',
  distribution: { type: 'twemproxy-ketama', hash: 'md5', hashTag: '{}' },
};
