export * from '../../lib/testing/fault-proxy.js';
