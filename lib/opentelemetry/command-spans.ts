import { SpanKind, type Attributes, type Span, type Tracer } from '@opentelemetry/api';
import { textIn } from '../client/error-type.js';
import type { WatchedCommand } from '../client/watched-command.js';
import { LabelMemo } from '../label-memo.js';
import { commandAttributes } from './command-attributes.js';
import { commandNameOf } from './command-names.js';
import type { Instrumentation } from './instrument-options.js';
import { fail } from './open-spans.js';
import { contextOf, contextOfSpans } from './parent.js';
import type { Subscriptions } from '../subscriptions.js';
import { unixMs } from '../unix-time.js';

/** Of so many keys a span tells the names, where it is to tell them. */
const MAX_KEYS = 10;

/** Makes a span of every command: at its end, when all is known of it, since nothing happens within a command. */
export function traceCommands(
  tracer: Tracer,
  { requireParentSpan, keys }: Instrumentation,
  subscriptions: Subscriptions,
): void {
  const facts = new LabelMemo(factsOf);
  subscriptions.onCommand('end', (ended) => {
    const within = contextOfSpans(requireParentSpan, contextOf(ended));
    if (within === undefined) return;
    const { instance, server, operation, durationMs } = ended;
    const { name, command, attributes } = facts.of(server, operation, instance);
    // Spans begin at whole milliseconds: with the next one, none begins before the span that it is within.
    const startTime = Math.ceil(unixMs() - durationMs);
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes, startTime }, within);
    if (!span.isRecording()) return;
    if (keys === 'full' && ended.keyCount > 0) span.setAttribute('db.query.text', queryOf(command, ended));
    complete(span, ended);
    span.end(startTime + durationMs);
  });
}

/** What is known of all commands of one name to one server. */
function factsOf(server: string, operation: string, instance: string): Facts {
  const command = commandNameOf(operation);
  const attributes = { ...commandAttributes(server, command), 'cache.name': instance };
  return { name: server === '' ? command : `${command} ${server}`, command, attributes };
}

interface Facts {
  readonly name: string;
  readonly command: string;
  readonly attributes: Attributes;
}

function queryOf(command: string, { keys, keyCount }: WatchedCommand): string {
  const rest = keyCount > MAX_KEYS ? ' …' : '';
  return `${command} ${keys.slice(0, MAX_KEYS).join(' ')}${rest}`;
}

function complete(span: Span, { peer, error }: WatchedCommand): void {
  if (peer !== undefined) {
    span.setAttribute('network.peer.address', peer.address);
    span.setAttribute('network.peer.port', peer.port);
  }
  if (error === undefined) return;
  fail(span, error);
  // `SERVER_ERROR`, `CLIENT_ERROR` or `ERROR`; what stands behind may name a key.
  const reply = textIn(error, 'reply');
  if (reply !== undefined) span.setAttribute('db.response.status_code', reply.split(' ', 1)[0]);
}
