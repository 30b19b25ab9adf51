/** One process of the shop: tells the demo its address, and ends when the demo does, however that ends. */
import { createShop } from '../../sample/shop/dist/shop.js';

const { PORT, HOST = '127.0.0.1' } = process.env;

let shop;

// Ctrl-C reaches all processes of the terminal at once; this one waits for the demo to let go of it.
process.on('SIGINT', () => {});
process.once('disconnect', () => (shop === undefined ? process.exit() : shop.close()));

try {
  const starting = await createShop({ logger: ['error', 'warn'] });
  await starting.listen(Number(PORT), HOST);
  shop = starting;
  process.send({ url: `http://${HOST}:${shop.getHttpServer().address().port}` });
} catch (error) {
  const taken = error.code === 'EADDRINUSE';
  const problem = taken
    ? `port ${PORT} is taken: set PORT to another one, or to 0 for any free one`
    : error.stack;
  process.send({ problem }, () => process.exit(1));
}
