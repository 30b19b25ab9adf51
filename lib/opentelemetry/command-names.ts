/** Calls of this client that differ from memcached's command in how they ask, not in what they do. */
const COMMANDS: Readonly<Record<string, string>> = {
  // A read of many keys is one command and no batch of commands.
  'get-many': 'get',
  'gets-many': 'gets',
  'lease-get': 'get',
  'get-and-touch': 'gat',
  'mark-stale': 'delete',
  count: 'incr',
  renew: 'touch',
};

/** What memcached calls an operation. */
export function commandNameOf(operation: string): string {
  return COMMANDS[operation] ?? operation;
}
