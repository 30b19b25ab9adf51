import { Controller, Get, Header } from '@nestjs/common';
import { Registry } from 'prom-client';
import { MemcachedService } from '../../../lib/index.js';
import { instrument } from '../../../lib/prometheus/index.js';

@Controller('metrics')
export class MetricsController {
  readonly #register = new Registry();

  constructor(memcached: MemcachedService) {
    instrument(memcached, { register: this.#register, timeout: '1s' });
  }

  @Get()
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  metrics(): Promise<string> {
    return this.#register.metrics();
  }
}
