import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { connect, type RecoveringChannelModel } from 'amqplib';
import { MemcachedModule } from '../../../lib/index.js';
import { createRabbitmqBus } from '../../../lib/adapters/bus/rabbitmq.js';

const BROKER = Symbol('broker');

@Module({
  providers: [
    {
      provide: BROKER,
      async useFactory() {
        const url = process.env.AMQP_URL ?? 'amqp://localhost?heartbeat=5';
        const connection = await connect(url, { noDelay: true, recovery: { waitForConnect: false } });
        return connection.on('error', (error) => console.error(error));
      },
    },
  ],
  exports: [BROKER],
})
export class BrokerModule implements OnApplicationShutdown {
  constructor(@Inject(BROKER) private readonly broker: RecoveringChannelModel) {}

  onApplicationShutdown(): Promise<void> {
    return this.broker.close();
  }
}

@Module({
  imports: [
    MemcachedModule.forRootAsync({
      isGlobal: true,
      imports: [BrokerModule],
      inject: [BROKER],
      useFactory: (broker: RecoveringChannelModel) => ({
        servers: process.env.MEMCACHED_SERVERS,
        cache: { near: { maxAge: '500ms', bus: createRabbitmqBus(broker) } },
      }),
    }),
  ],
})
export class CacheModule {}
