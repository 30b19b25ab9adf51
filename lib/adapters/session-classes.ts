import { InvalidArgumentError } from '../errors.js';
import type { StoredSession } from './stored-session.js';

/** The classes of the express-session that is at work: so it is no dependency, whichever copy of it that is. */
export class SessionClasses {
  readonly #Session: new (request: unknown, fields: object) => StoredSession;
  readonly #cookiePrototype: object;

  private constructor(session: StoredSession, cookie: object) {
    this.#Session = session.constructor as new (request: unknown, fields: object) => StoredSession;
    this.#cookiePrototype = Object.getPrototypeOf(cookie) as object;
  }

  /**
   * Has a session made for a request, and takes them from it.
   *
   * @param generate what express-session has put on its store.
   * @throws {InvalidArgumentError} where it has put nothing there; and what it throws itself.
   */
  static of(request: RequestWithSession, generate: ((req: unknown) => void) | undefined): SessionClasses {
    const { sessionID } = request;
    generate?.(request);
    request.sessionID = sessionID;
    const { session } = request;
    if (session?.cookie === undefined) {
      throw new InvalidArgumentError('createSession: the store was not given to express-session');
    }
    return new SessionClasses(session, session.cookie);
  }

  /** A session of what was stored, put into its request. */
  make(request: RequestWithSession, { cookie: settings = {}, ...fields }: StoredSession): StoredSession {
    const { expires, originalMaxAge } = settings;
    const cookie = Object.assign(
      Object.create(this.#cookiePrototype) as object,
      { path: '/', httpOnly: true },
      settings,
      {
        expires: typeof expires === 'string' ? new Date(expires) : expires,
        originalMaxAge,
      },
    );
    const made = new this.#Session(request, { ...fields, cookie });
    request.session = made;
    return made;
  }
}

/** As much of a request as its session is concerned with. */
export interface RequestWithSession {
  sessionID: string;
  session?: StoredSession | undefined;
}
