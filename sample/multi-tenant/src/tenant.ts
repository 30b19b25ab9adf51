import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<string>();

/** The tenant of the request that is being answered; `undefined` outside of one. */
export function tenant(): string | undefined {
  return current.getStore();
}

/** Middleware: whatever the request calls, however deep, is for the tenant that its header names. */
export function tenantOfRequest(
  request: { headers: Record<string, string | string[] | undefined> },
  _response: unknown,
  next: () => void,
): void {
  const named = request.headers['x-tenant'];
  if (typeof named === 'string') current.run(named, next);
  else next();
}
