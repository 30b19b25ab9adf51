/** Waits of the measured clients are set so far out of the way that a busy machine does not turn them into errors. */
const COMMAND_TIMEOUT_MS = 30_000;

export async function open({ servers, tls, timeoutMs = COMMAND_TIMEOUT_MS, from = 'nestjs-memcached' }) {
  const { MemcachedClient } = await import(from);
  const client = new MemcachedClient({
    servers: servers.map((server) => {
      const [host, port] = server.split(':');
      return { host, port: Number(port), ...(tls && { tls }) };
    }),
    commandTimeout: timeoutMs,
    connectTimeout: timeoutMs,
  });
  await client.connect();
  return client;
}
