/** What the naive cache stands on: a client, and nothing else. */
export class ClientStore {
  constructor(client) {
    this.client = client;
  }
}
