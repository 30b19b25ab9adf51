import { register } from 'node:module';

/** From now on, files of TypeScript can be imported. */
export function compileTypeScript() {
  register('./typescript.hooks.mjs', import.meta.url);
}
