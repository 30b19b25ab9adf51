import * as net from 'node:net';
import * as tls from 'node:tls';
import type { ConnectionSettings } from './connection-settings.js';
import type { ServerAddress } from '../options/server-options.js';
import type { Peer } from '../protocol/request.js';

/**
 * Begins to open a socket to a server; names are resolved anew each time.
 *
 * @param settings `keepAlive`: idle time after which TCP asks whether the peer is still there; 0 never asks.
 * @param onOpen called once bytes can be written (for TLS: after the peer's certificate was accepted).
 */
export function openSocket(
  server: ServerAddress,
  { keepAlive: keepAliveMs, lookups }: Pick<ConnectionSettings, 'keepAlive' | 'lookups'>,
  onOpen: () => void,
): net.Socket {
  const { host, port, path } = server;
  const place = path === undefined ? { host, port, lookup: lookups?.lookup } : { path };
  const socket = server.tls === undefined ? net.connect(place) : openTls(server, server.tls, place);
  socket.once(server.tls === undefined ? 'connect' : 'secureConnect', onOpen);
  socket.setNoDelay(true);
  if (keepAliveMs > 0) socket.setKeepAlive(true, keepAliveMs);
  return socket;
}

function openTls(
  server: ServerAddress,
  options: tls.ConnectionOptions,
  place: tls.ConnectionOptions,
): net.Socket {
  const servername =
    server.path === undefined && net.isIP(server.host) === 0 ? { servername: server.host } : {};
  try {
    return tls.connect({ ...servername, ...options, ...place });
  } catch (error) {
    // A key or certificate that cannot be read is thrown at once; it shall fail like any other attempt to connect.
    return new net.Socket().destroy(error as Error);
  }
}

/**
 * Closes a socket at once.
 *
 * @param abandoned it was given up with commands on their way: what the kernel has not delivered yet shall not be delivered
 *   later, as it would be after an ordinary end, such as a client's that closes. TLS closes as ever.
 */
export function endSocket(socket: net.Socket, abandoned: boolean): void {
  const { remotePort } = socket;
  if (abandoned && remotePort !== undefined && !(socket instanceof tls.TLSSocket)) socket.resetAndDestroy();
  else socket.destroy();
}

/** The other end of a socket, while it is connected to one by an address and a port. */
export function peerOf({ remoteAddress: address, remotePort: port }: net.Socket): Peer | undefined {
  return address === undefined || port === undefined ? undefined : { address, port };
}
