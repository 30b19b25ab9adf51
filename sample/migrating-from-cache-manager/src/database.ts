import { Injectable } from '@nestjs/common';

/** Stands for a database: what both catalogues read, and how often. */
@Injectable()
export class Database {
  readonly names = new Map([[7, 'lamp']]);
  queries = 0;

  async nameOf(id: number): Promise<string> {
    this.queries += 1;
    return this.names.get(id) ?? 'unknown';
  }
}

/** What the tests ask of a catalogue. */
export abstract class Catalogue {
  abstract nameOf(id: number): Promise<string>;
  abstract rename(id: number, name: string): Promise<void>;
}
