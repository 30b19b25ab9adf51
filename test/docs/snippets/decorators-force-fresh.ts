import { Injectable } from '@nestjs/common';
import { Cacheable, forceFresh } from '../../../lib/index.js';

export abstract class Bank {
  abstract rate(currency: string): Promise<number>;
}

@Injectable()
export class Rates {
  constructor(private readonly bank: Bank) {}

  @Cacheable({ key: 'rate:{0}', ttl: '1h' })
  async of(currency: string): Promise<number> {
    return this.bank.rate(currency);
  }

  reload(currency: string): Promise<number> {
    return forceFresh(() => this.of(currency));
  }
}
