export { MemcachedDashboardModule } from './dashboard.module.js';
export type { DashboardAsyncOptions, DashboardPlace } from './dashboard.module.js';
export type { DashboardOptions } from '../options/dashboard-options.js';
