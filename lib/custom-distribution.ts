/**
 * A distribution of the user's own: gets the servers once, answers with an index into them for each key, -1 for none.
 * When servers are down and failover is `next`, it is called again with those that are left.
 */
export type CustomDistribution = (servers: readonly DistributionServer[]) => OwnerOf;

/** From a key to the index of its server, or -1. */
export type OwnerOf = (key: string) => number;

/** What a distribution needs to know of a server. */
export interface DistributionServer {
  /** As the user wrote it, never the address it resolves to: the text itself is hashed. */
  readonly host: string;
  readonly port: number;
  /** Path of a unix socket, which then stands for host and port. */
  readonly path?: string;
  /** A whole number, 0 or more; what 0 means is the distribution's affair. */
  readonly weight: number;
  /** Takes the place of host and port wherever a distribution hashes a server's address. */
  readonly name?: string;
}
