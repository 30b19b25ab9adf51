/** One process of the shop: tells the demo its address, and ends when the demo does, however that ends. */

const { HOST, PORT } = process.env;

let shop;

// Ctrl-C reaches all processes of the terminal at once; this one waits for the demo to let go of it.
process.on('SIGINT', () => {});
process.once('disconnect', () => (shop === undefined ? process.exit() : shop.close()));

try {
  // Not before the demo's end would be noticed.
  const { createShop } = await import('../../sample/shop/dist/shop.js');
  const starting = await createShop({ logger: ['error', 'warn'] });
  await starting.listen(Number(PORT), HOST);
  shop = starting;
  process.send({ url: `http://${HOST}:${shop.getHttpServer().address().port}` });
} catch (error) {
  process.send({ problem: error.stack }, () => process.exit(1));
}
