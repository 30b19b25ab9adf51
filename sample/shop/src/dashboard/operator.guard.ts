import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { Settings } from '../settings/settings.js';

/** Admits who knows the password of the operators; where there is none, whoever sits at this machine. */
@Injectable()
export class OperatorGuard implements CanActivate {
  constructor(private readonly settings: Settings) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const { headers, socket } = http.getRequest<IncomingMessage>();
    const { operatorPassword } = this.settings;
    if (operatorPassword === undefined) return /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '');
    const [, encoded = ''] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? [];
    const [, given = ''] = /^[^:]*:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
    if (timingSafeEqual(digest(given), digest(operatorPassword))) return true;
    // Has the browser ask for it.
    http.getResponse<ServerResponse>().setHeader('WWW-Authenticate', 'Basic realm="operators"');
    throw new UnauthorizedException();
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
