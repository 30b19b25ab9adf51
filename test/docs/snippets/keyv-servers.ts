import { Keyv } from 'keyv';
import { createKeyvStore } from '../../../lib/adapters/keyv.js';

// Was: new Keyv({ store: new KeyvMemcache('10.0.0.1:11211,10.0.0.2:11211'), namespace: 'products' })
export const products = new Keyv({
  store: createKeyvStore({ servers: '10.0.0.1:11211,10.0.0.2:11211' }),
  namespace: 'products',
});
