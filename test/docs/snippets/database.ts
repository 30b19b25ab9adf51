import { Injectable } from '@nestjs/common';

export interface Product {
  readonly id: number;
  readonly name: string;
}

/** What the snippet leaves to the reader. */
@Injectable()
export class Database {
  readonly names = new Map([[7, 'lamp']]);
  queries = 0;

  async findProduct(id: number): Promise<Product> {
    this.queries += 1;
    return { id, name: this.names.get(id) ?? '' };
  }

  async renameProduct(id: number, name: string): Promise<void> {
    this.names.set(id, name);
  }
}
