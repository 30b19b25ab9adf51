import { Column, CreateDateColumn, Entity, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { Supplier } from './supplier.js';

@Entity()
export class Product {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('text')
  name!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @ManyToOne(() => Supplier)
  supplier!: Relation<Supplier>;

  /** What a plain object would not have. */
  get title(): string {
    return `${this.name} by ${this.supplier.name}`;
  }
}
