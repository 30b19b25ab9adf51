import type { Counters } from './counters.js';
import { CRLF } from './item.js';
import { endsWell, parseLength } from './classic-storage.js';
import type { FollowUp } from './command-reader.js';
import type { ReplyWriter } from './reply-writer.js';
import type { Credentials } from './server-state.js';

/** A longer block cannot be a name and a password, and ends the connection. */
const MAX_TOKEN_BYTES = 2048;

/**
 * What a connection may say before it is let in (`-Y`): `set <any key> <…> <…> <bytes>` with the data
 * `<user> <password>`; anything else is refused.
 *
 * @param letIn called when name and password are right.
 */
export function authenticate(
  auth: Credentials,
  counters: Counters,
  out: ReplyWriter,
  tokens: readonly string[],
  letIn: () => void,
): FollowUp | undefined {
  const length = tokens[0] === 'set' && tokens.length >= 5 ? parseLength(tokens[4]) : undefined;
  if (length === undefined) {
    out.line('CLIENT_ERROR unauthenticated');
    return undefined;
  }
  if (length > MAX_TOKEN_BYTES) return 'close';
  return {
    bytes: length + CRLF.length,
    receive: (block) => {
      if (!endsWell(block)) {
        out.line('CLIENT_ERROR bad command line termination');
        return;
      }
      const words = block.toString('latin1', 0, length).split(' ').filter(Boolean);
      if (words.length < 2) {
        out.line('CLIENT_ERROR bad authentication token format');
        return;
      }
      counters.auth_cmds++;
      const { username, password } = auth;
      if (words[0] === username && words[1] === password) {
        letIn();
        out.line('STORED');
      } else {
        counters.auth_errors++;
        out.line('CLIENT_ERROR authentication failure');
      }
    },
  };
}
