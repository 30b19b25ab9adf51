import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FIXTURES = fileURLToPath(new URL('../fixtures/tls/', import.meta.url));

/** A certificate for `localhost` and `127.0.0.1`, and the authority that signed it. */
export interface Certificates {
  /** The authority's certificate, to be trusted by clients. */
  readonly ca: Buffer;
  /** Arguments that make a memcached speak TLS with it. */
  readonly memcachedArgs: readonly string[];
  remove(): void;
}

/** Lays the certificate where a memcached that has given up root's rights can read it. */
export function certificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  chmodSync(folder, 0o755);
  for (const name of ['server.crt', 'server.key']) copyFileSync(join(FIXTURES, name), join(folder, name));
  return {
    ca: readFileSync(join(FIXTURES, 'ca.crt')),
    memcachedArgs: ['-Z', '-o', `ssl_chain_cert=${folder}/server.crt,ssl_key=${folder}/server.key`],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
