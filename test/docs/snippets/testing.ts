import { Test } from '@nestjs/testing';
import { MemcachedModule, MemcachedService } from '../../../lib/index.js';
import { MemcachedServer } from '../../../lib/testing/index.js';

export async function example(): Promise<void> {
  await using server = await MemcachedServer.start(); // in this process, on a free port
  const module = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot({ servers: server.address })],
  }).compile();
  const app = await module.init();

  await app.get(MemcachedService).set('key', 'value');

  await app.close();
}
