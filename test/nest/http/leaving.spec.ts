import { describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  RequestTimeoutException,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { EventEmitter, once } from 'node:events';
import { request } from 'node:http';
import { from, type Observable, race } from 'rxjs';
import { HttpCache } from '../../../lib/index.js';
import { httpApp, PLATFORMS } from '../support/http-apps.js';

@Controller()
class Slow {
  static runs = 0;
  static readonly gate = new EventEmitter();

  @Get('slow')
  @HttpCache({ audience: 'everyone', ttl: '1m' })
  async slow() {
    Slow.runs += 1;
    const run = Slow.runs;
    if (run === 1) await once(Slow.gate, 'open');
    return { run };
  }
}

/** Gives up on the first request, as a time-out would. */
@Injectable()
class Impatient implements NestInterceptor {
  static readonly gate = new EventEmitter();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    if (headers['x-impatient'] === undefined) return next.handle();
    const givesUp = once(Impatient.gate, 'late').then(() => {
      throw new RequestTimeoutException();
    });
    return race(next.handle(), from(givesUp));
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

describe.each(PLATFORMS)('a client that does not wait on %s', (platform) => {
  it.each([[[]], [[{ provide: APP_INTERCEPTOR, useClass: Impatient }]]])(
    'holds up nobody who waits for the same answer (%#)',
    async (providers) => {
      Slow.runs = 0;
      await using nest = await httpApp(platform, { controllers: [Slow], providers });
      const leaving = request(`${await nest.app.getUrl()}/slow`, { agent: false });
      leaving.on('error', () => undefined);
      leaving.end();
      await until(() => Slow.runs === 1);
      const staying = nest.get('/slow');
      const left = new Promise((resolve) => leaving.on('close', resolve));
      leaving.destroy();
      await left;
      Slow.gate.emit('open');
      expect((await staying).status).toBe(200);
      expect((await nest.get('/slow')).headers.age).toBe('0');
    },
  );

  it('nor does one whom an interceptor further out has answered', async () => {
    Slow.runs = 0;
    await using nest = await httpApp(platform, {
      controllers: [Slow],
      providers: [{ provide: APP_INTERCEPTOR, useClass: Impatient }],
    });
    const impatient = nest.get('/slow', { 'x-impatient': 'yes' });
    await until(() => Slow.runs === 1);
    const staying = nest.get('/slow');
    Impatient.gate.emit('late');
    expect((await impatient).status).toBe(408);
    Slow.gate.emit('open');
    expect((await staying).status).toBe(200);
  });
});
