import { parentPort, workerData } from 'node:worker_threads';
import { MemcachedServer } from 'nestjs-memcached/testing';

const server = await MemcachedServer.start({ port: workerData.port });
parentPort.postMessage(server.address);
