import { Module } from '@nestjs/common';
import { MemcachedModule } from 'nestjs-memcached';
import { MemcachedDashboardModule } from 'nestjs-memcached/dashboard';
import { AnswersModule } from './answers/answers.module.js';
import { ClusterModule } from './cluster/cluster.module.js';
import { OperatorGuard } from './dashboard/operator.guard.js';
import { DatabaseModule } from './database/database.module.js';
import { DebugModule } from './debug/debug.module.js';
import { HealthModule } from './health/health.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { ProductsModule } from './products/products.module.js';
import { Settings } from './settings/settings.js';
import { SettingsModule } from './settings/settings.module.js';
import { StockModule } from './stock/stock.module.js';

@Module({
  imports: [
    SettingsModule,
    AnswersModule,
    DatabaseModule,
    MemcachedModule.forRootAsync({
      isGlobal: true,
      inject: [Settings],
      useFactory: (settings: Settings) => ({
        servers: settings.memcachedServers,
        keyPrefix: settings.keyPrefix,
        // In the process only what says so; see ProductsService.
        cache: { near: { maxItems: 1000, maxAge: false } },
      }),
    }),
    MemcachedDashboardModule.forRoot({
      path: 'memcached',
      guards: [OperatorGuard],
      evict: true,
      interval: '2s',
    }),
    ProductsModule,
    StockModule,
    ClusterModule,
    HealthModule,
    MetricsModule,
    DebugModule,
  ],
})
export class ShopModule {}
