import { Request, type RequestKind } from '../../lib/protocol/request.js';

/** A request that is only asked for its bytes or its name. */
export function request(kind: RequestKind, key: string, fields: Partial<Request> = {}): Request {
  const made = new Request(kind, key, () => undefined);
  made.userKey = key;
  return Object.assign(made, fields);
}
