import {
  classicCount,
  classicDelete,
  classicGet,
  classicGetAndTouch,
  classicTouch,
} from './classic-commands.js';
import { classicStorage } from './classic-storage.js';
import type { FollowUp } from './command-reader.js';
import { flushAll, lruCrawler, setVerbosity } from './maintenance-commands.js';
import { metaArithmetic, metaDebug, metaDelete, metaGet, metaSet } from './meta-commands.js';
import type { ReplyWriter } from './reply-writer.js';
import type { ServerState } from './server-state.js';
import { stats } from './stats-command.js';

/** Carries out one command, given in words, the first of which is its name. */
export type Command = (
  state: ServerState,
  out: ReplyWriter,
  tokens: readonly string[],
) => FollowUp | undefined | void;

/** All commands by name; memcached knows them in lower case only. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['get', (state, out, tokens) => classicGet(state, out, tokens, false)],
  ['gets', (state, out, tokens) => classicGet(state, out, tokens, true)],
  ['gat', (state, out, tokens) => classicGetAndTouch(state, out, tokens, false)],
  ['gats', (state, out, tokens) => classicGetAndTouch(state, out, tokens, true)],
  ['set', (state, out, tokens) => classicStorage(state, out, tokens, 'set')],
  ['add', (state, out, tokens) => classicStorage(state, out, tokens, 'add')],
  ['replace', (state, out, tokens) => classicStorage(state, out, tokens, 'replace')],
  ['append', (state, out, tokens) => classicStorage(state, out, tokens, 'append')],
  ['prepend', (state, out, tokens) => classicStorage(state, out, tokens, 'prepend')],
  ['cas', (state, out, tokens) => classicStorage(state, out, tokens, 'cas')],
  ['delete', classicDelete],
  ['incr', (state, out, tokens) => classicCount(state, out, tokens, false)],
  ['decr', (state, out, tokens) => classicCount(state, out, tokens, true)],
  ['touch', classicTouch],
  ['mg', metaGet],
  ['ms', metaSet],
  ['md', metaDelete],
  ['ma', metaArithmetic],
  ['me', metaDebug],
  ['mn', (_, out) => out.line('MN')],
  ['version', (state, out) => out.line(`VERSION ${state.settings.version}`)],
  ['verbosity', setVerbosity],
  ['flush_all', flushAll],
  ['stats', stats],
  ['lru_crawler', lruCrawler],
  ['shutdown', (_, out) => out.line('ERROR: shutdown not enabled')],
  ['quit', () => 'close'],
]);
