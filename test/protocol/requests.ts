import { Request, type RequestKind } from '../../lib/protocol/request.js';

/** What a request says, its details among it. */
export type Fields = Partial<Request & ReturnType<Request['ownDetails']>>;

/** A request that is only asked for its bytes or its name. */
export function request(kind: RequestKind, key: string, fields: Fields = {}): Request {
  const made = new Request(kind, key, () => undefined);
  made.userKey = key;
  for (const [name, value] of Object.entries(fields)) {
    Object.assign(name in made.details ? made.ownDetails() : made, { [name]: value });
  }
  return made;
}
