/** Waits of the measured clients are set so far out of the way that a busy machine does not turn them into errors. */
const COMMAND_TIMEOUT = '30s';

export async function open({ servers, tls, from = 'nestjs-memcached' }) {
  const { MemcachedClient } = await import(from);
  const client = new MemcachedClient({
    servers: servers.map((server) => {
      const [host, port] = server.split(':');
      return { host, port: Number(port), ...(tls && { tls }) };
    }),
    commandTimeout: COMMAND_TIMEOUT,
    connectTimeout: COMMAND_TIMEOUT,
  });
  await client.connect();
  return client;
}
