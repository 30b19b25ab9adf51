import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Header } from '@nestjs/common';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { HttpCache } from '../../../lib/index.js';
import { httpApp, PLATFORMS } from '../support/http-apps.js';

const everyone = { audience: 'everyone', ttl: '1m' } as const;

const JSON_ANSWER = { text: 'thé €' };
const TEXT_ANSWER = 'thé €';

@Controller()
class Menu {
  @Get('plain/json')
  @Header('x-name', 'café')
  plainJson() {
    return JSON_ANSWER;
  }

  @Get('plain/text')
  @Header('x-name', 'café')
  plainText() {
    return TEXT_ANSWER;
  }

  @Get('cached/json')
  @Header('x-name', 'café')
  @HttpCache(everyone)
  json() {
    return JSON_ANSWER;
  }

  @Get('cached/text')
  @Header('x-name', 'café')
  @HttpCache(everyone)
  text() {
    return TEXT_ANSWER;
  }

  @Get('early/json')
  @Header('x-name', 'café')
  @HttpCache({ ...everyone, early: true })
  earlyJson() {
    return JSON_ANSWER;
  }

  @Get('early/text')
  @Header('x-name', 'café')
  @HttpCache({ ...everyone, early: true })
  earlyText() {
    return TEXT_ANSWER;
  }

  @Get('first/json')
  @Header('x-name', 'café')
  @HttpCache({ ...everyone, early: 'before-middleware' })
  firstJson() {
    return JSON_ANSWER;
  }

  @Get('first/text')
  @Header('x-name', 'café')
  @HttpCache({ ...everyone, early: 'before-middleware' })
  firstText() {
    return TEXT_ANSWER;
  }
}

/** The header and the body as they came over the wire, one character per byte. */
async function bytesOf(server: Server, path: string): Promise<{ name: string | undefined; body: string }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk) => (answer += chunk));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await once(socket, 'end');
  const end = answer.indexOf('\r\n\r\n');
  return {
    name: /\r\nx-name: (.*)\r\n/i.exec(answer.slice(0, end + 2))?.[1],
    body: answer.slice(end + 4),
  };
}

describe.each(PLATFORMS)('a header beyond ASCII, on %s', (platform) => {
  it.each(['json', 'text'])('leaves in the same bytes as without a cache, with %s', async (kind) => {
    await using http = await httpApp(platform, { controllers: [Menu] });
    const server = http.app.getHttpServer() as Server;
    const plain = await bytesOf(server, `/plain/${kind}`);
    for (const path of ['cached', 'early', 'first']) {
      for (const answer of ['miss', 'hit', 'another hit', 'one more']) {
        expect({ path, answer, ...(await bytesOf(server, `/${path}/${kind}`)) }).toEqual({
          path,
          answer,
          ...plain,
        });
      }
    }
  });
});
