import { Controller, Get, Query } from '@nestjs/common';
import { type ClusterReport, MemcachedService } from 'nestjs-memcached';
import { IdsPipe } from '../products/ids.pipe.js';

/** Which server has what: for the page, and for whoever wants to know. */
@Controller('cluster')
export class ClusterController {
  constructor(private readonly cache: MemcachedService) {}

  @Get()
  servers() {
    return this.cache.topology().map(({ server, weight, state }) => ({ server, weight, state }));
  }

  /** All that is known of the servers, and of what this process's cache has done. */
  @Get('report')
  report(): Promise<ClusterReport> {
    return this.cache.report({ timeout: '1s' });
  }

  /** Where the cached answers of `GET /products/:id` are; asks no server. */
  @Get('keys')
  keys(@Query('ids', IdsPipe) ids: number[]) {
    return ids.map((id) => ({ id, key: `product:${id}`, server: this.cache.serverFor(`product:${id}`) }));
  }
}
