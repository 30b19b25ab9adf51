export { ClientStore } from '../../../../dist/store/client-store.js';
