import { strict as assert } from 'node:assert';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Cacheable } from '../../../lib/index.js';
import { CacheProbe, MemcachedTestingModule } from '../../../lib/testing/index.js';

@Injectable()
class Prices {
  @Cacheable({ key: 'price:{0}', ttl: '5m' })
  async find(id: number): Promise<number> {
    return id * 100;
  }
}

export async function testOfPrices(): Promise<void> {
  const module = await Test.createTestingModule({
    imports: [MemcachedTestingModule.forRoot()],
    providers: [Prices],
  }).compile();
  await module.init();
  const [prices, probe] = [module.get(Prices), module.get(CacheProbe)];

  await prices.find(7);
  await prices.find(7);
  assert.equal(probe.of('price:7').loads, 1);

  probe.advance('5m');
  await prices.find(7);
  assert.equal(probe.of('price:7').loads, 2);

  await probe.servers[0].down();
  assert.equal(await prices.find(7), 700);

  await module.close();
}
