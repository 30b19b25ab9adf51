import { Injectable, Module } from '@nestjs/common';
import { MemcachedModule } from '../../../lib/index.js';

@Injectable()
export class Settings {
  readonly servers = process.env.MEMCACHED_SERVERS; // or ConfigService of @nestjs/config
}

@Module({ providers: [Settings], exports: [Settings] })
export class SettingsModule {}

@Module({
  imports: [
    MemcachedModule.forRootAsync({
      isGlobal: true,
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: (settings: Settings) => ({ servers: settings.servers, keyPrefix: 'shop:' }),
    }),
  ],
})
export class AppModule {}
