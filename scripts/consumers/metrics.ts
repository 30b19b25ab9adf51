/** An application whose cache is in traces and metrics, by OpenTelemetry's SDK and by prom-client. */
import 'reflect-metadata';
import { strict as assert } from 'node:assert';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Cacheable, MemcachedService } from 'nestjs-memcached';
import { instrument as trace } from 'nestjs-memcached/opentelemetry';
import { instrument as measure } from 'nestjs-memcached/prometheus';
import { MemcachedTestingModule } from 'nestjs-memcached/testing';
import { Registry } from 'prom-client';

@Injectable()
class Products {
  @Cacheable({ key: 'product:{0}' })
  async find(id: number): Promise<{ id: number }> {
    return { id };
  }
}

@Module({ imports: [MemcachedTestingModule.forRoot({ servers: 2 })], providers: [Products] })
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const register = new Registry();
  const stops = [
    trace({ tracerProvider, requireParentSpan: false, keys: 'template' }),
    measure(app.get(MemcachedService), { register, timeout: '1s' }),
  ];
  for (const _ of ['miss', 'hit']) await app.get(Products).find(7);
  const results = spans
    .getFinishedSpans()
    .filter(({ name }) => name === 'getOrSet product:{0}')
    .map(({ attributes }) => attributes['cache.result']);
  assert.deepEqual(results, ['miss', 'hit']);
  const text = await register.metrics();
  assert.equal(text.match(/^memcached_up\{server="[^"]+"\} 1$/gm)?.length, 2);
  assert.match(
    text,
    /^nestjs_memcached_cache_requests_total\{cache="default",group="product:\{0\}",result="hit"\} 1$/m,
  );
  for (const stop of stops) stop();
  await app.close();
  console.log('seen by OpenTelemetry and Prometheus');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
