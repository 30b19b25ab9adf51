import { SpanKind, type Attributes, type Span, type Tracer } from '@opentelemetry/api';
import type { CommandMessage } from '../client/diagnostics.js';
import { LabelMemo } from '../label-memo.js';
import { commandAttributes } from './command-attributes.js';
import { commandNameOf } from './command-names.js';
import type { Instrumentation } from './instrument-options.js';
import { fail, OpenSpans } from './open-spans.js';
import type { Subscriptions } from '../subscriptions.js';

/** Of so many keys a span tells the names, where it is to tell them. */
const MAX_KEYS = 10;

/** Makes a span of every command. @returns those that are open. */
export function traceCommands(
  tracer: Tracer,
  { requireParentSpan, keys }: Instrumentation,
  subscriptions: Subscriptions,
): OpenSpans<CommandMessage> {
  const open = new OpenSpans<CommandMessage>(tracer, requireParentSpan);
  const facts = new LabelMemo(factsOf);
  subscriptions.onTrace('command', 'start', (message) => {
    if (!open.isWanted) return;
    const { name, command, attributes } = facts.of(message.instance, message.server, message.operation);
    const span = open.begin(message, name, { kind: SpanKind.CLIENT, attributes });
    if (keys === 'full' && message.keyCount > 0)
      span.setAttribute('db.query.text', queryOf(command, message));
  });
  subscriptions.onTrace('command', 'asyncEnd', (message) => {
    const span = open.take(message);
    if (span === undefined) return;
    finish(span, message);
    span.end();
  });
  return open;
}

/** What is known of all commands of one name to one server. */
function factsOf(instance: string, server: string, operation: string): Facts {
  const command = commandNameOf(operation);
  const attributes = { ...commandAttributes(server, command), 'cache.name': instance };
  return { name: server === '' ? command : `${command} ${server}`, command, attributes };
}

interface Facts {
  readonly name: string;
  readonly command: string;
  readonly attributes: Attributes;
}

function queryOf(command: string, { keys, keyCount }: CommandMessage): string {
  const rest = keyCount > MAX_KEYS ? ' …' : '';
  return `${command} ${keys.slice(0, MAX_KEYS).join(' ')}${rest}`;
}

function finish(span: Span, { peer, error }: CommandMessage): void {
  if (peer !== undefined) {
    span.setAttribute('network.peer.address', peer.address);
    span.setAttribute('network.peer.port', peer.port);
  }
  if (error === undefined) return;
  fail(span, error);
  // `SERVER_ERROR`, `CLIENT_ERROR` or `ERROR`; what stands behind may name a key.
  const { reply } = error as { readonly reply?: string };
  if (reply !== undefined) span.setAttribute('db.response.status_code', reply.split(' ', 1)[0]);
}
