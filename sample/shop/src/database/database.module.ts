import { Global, Module } from '@nestjs/common';
import { Database } from './database.js';
import { Schema } from './schema.js';

@Global()
@Module({ providers: [Database, Schema], exports: [Database] })
export class DatabaseModule {}
