import { Controller, Get, Header } from '@nestjs/common';
import { MemcachedService } from 'nestjs-memcached';
import { instrument } from 'nestjs-memcached/prometheus';
import { Registry } from 'prom-client';

/** What Prometheus scrapes: the servers, and what this process does with them. */
@Controller('metrics')
export class MetricsController {
  readonly #register = new Registry();

  constructor(memcached: MemcachedService) {
    instrument(memcached, { register: this.#register });
  }

  @Get()
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  metrics(): Promise<string> {
    return this.#register.metrics();
  }
}
