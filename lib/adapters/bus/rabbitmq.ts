export { createRabbitmqBus, type RabbitmqBusOptions } from '../rabbitmq-bus.js';
export type { AmqpConfirmChannel, AmqpConnection, AmqpMessage } from '../rabbitmq-channel.js';
