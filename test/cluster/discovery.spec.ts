import { describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import { parseClusterConfig } from '../../lib/cluster/discovery.js';
import type { DiscoveryOptions } from '../../lib/options/discovery-options.js';
import { MemcachedServer } from '../../lib/testing/index.js';

describe('a cluster configuration', () => {
  it('is read as host names, or addresses where there is no name', () => {
    expect(
      parseClusterConfig('12\na.example|10.0.0.1|11211 |10.0.0.2|11212 |::1|11213\n', 'endpoint'),
    ).toStrictEqual(['a.example:11211', '10.0.0.2:11212', '[::1]:11213']);
  });

  it.each(['', '12\n', '12\n\n', '12\nhost-without-port\n'])('is refused when it reads %j', (text) => {
    expect(() => parseClusterConfig(text, 'endpoint:1')).toThrow(/^endpoint:1: the cluster configuration/);
  });
});

describe('a discovery that fails at first', () => {
  const failing = async (discovery: DiscoveryOptions): Promise<Error> => {
    const client = new MemcachedClient({ discovery, connectTimeout: '300ms', commandTimeout: '300ms' });
    let failure: Error | undefined;
    client.on('discoveryFailed', (error) => (failure = error));
    await expect(client.get('key')).rejects.toMatchObject({
      code: 'MEMCACHED_CONNECTION',
      outcome: 'not-sent',
    });
    await client.close();
    return failure!;
  };

  it('lets commands fail, naming what it was: nobody at the endpoint', async () => {
    const server = await MemcachedServer.start();
    await server.close();
    const error = await failing({ type: 'elasticache', endpoint: server.address });
    expect(error.message).toContain(server.address);
  });

  it('an endpoint that knows no configuration', async () => {
    const server = await MemcachedServer.start();
    const error = await failing({ type: 'elasticache', endpoint: server.address });
    expect(error.message).toContain('it is no configuration endpoint');
    await server.close();
  });

  it('a name that does not resolve, as address or service', async () => {
    const service = '_memcached._tcp.nowhere.invalid';
    expect((await failing({ type: 'dns', name: 'nowhere.invalid' })).message).toContain('nowhere.invalid');
    expect((await failing({ type: 'dns', name: service, record: 'srv' })).message).toContain(service);
  });

  it('a function that answers nonsense', async () => {
    const error = await failing({ type: 'function', find: () => 'not a server:x' });
    expect(error).toMatchObject({ code: 'MEMCACHED_INVALID_OPTIONS' });
  });
});
