import { Controller, Get, type INestApplication, type Type } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import {
  type ClusterCheckOptions,
  MemcachedHealthIndicator,
  MemcachedModule,
  type MemcachedModuleOptions,
} from '../../../lib/index.js';

@Controller('health')
export class HealthController {
  options: ClusterCheckOptions = {};

  constructor(
    private readonly health: HealthCheckService,
    private readonly memcached: MemcachedHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.memcached.clusterCheck('memcached', this.options)]);
  }

  @Get('ping')
  @HealthCheck()
  ping() {
    return this.health.check([() => this.memcached.pingCheck('memcached', this.options)]);
  }
}

/** What `GET /health` has answered. */
export interface Answer {
  readonly code: number;
  readonly status: string;
  readonly entry: {
    status: string;
    state: string;
    upWeight: number;
    reasons: { code: string; server: string; message: string }[];
    nodes: Record<string, Record<string, unknown>>;
  };
}

/** A Nest application with a health route, and `ask` to call it over HTTP. */
export async function start(options: MemcachedModuleOptions, terminus: Type | undefined = TerminusModule) {
  const testing = await Test.createTestingModule({
    imports: [MemcachedModule.forRoot(options), ...(terminus === undefined ? [] : [terminus])],
    controllers: terminus === TerminusModule ? [HealthController] : [],
  }).compile();
  const app: INestApplication = testing.createNestApplication({ logger: false });
  await app.init();
  const ask = async (path = '', checkOptions: ClusterCheckOptions = {}): Promise<Answer> => {
    app.get(HealthController).options = checkOptions;
    const { status: code, body } = await request(app.getHttpServer() as never).get(`/health${path}`);
    const { status, details } = body as { status: string; details: { memcached: Answer['entry'] } };
    return { code, status, entry: details.memcached };
  };
  return { app, ask, [Symbol.asyncDispose]: () => app.close() };
}

/** The codes of the reasons in an answer. */
export const codes = ({ entry }: Answer) => entry.reasons.map(({ code }) => code);
