// snippet: decorators-cls
import { MemcachedModule } from '../../../lib/index.js';
import { ClsService } from 'nestjs-cls';

export const memcached = MemcachedModule.forRootAsync({
  inject: [ClsService],
  useFactory: (cls: ClsService<{ tenant: string }>) => ({
    servers: '10.0.0.1:11211',
    decorators: { varyBy: { tenant: () => cls.get('tenant') } },
  }),
});
// end
