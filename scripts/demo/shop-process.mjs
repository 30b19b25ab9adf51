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
  offerDemo(starting.getHttpAdapter());
  await starting.listen(Number(PORT), HOST);
  shop = starting;
  process.send({ url: `http://${HOST}:${shop.getHttpServer().address().port}` });
} catch (error) {
  process.send({ problem: error.stack }, () => process.exit(1));
}

/** Lets the page see the other process and stop servers: the demo has them, and is asked for each. */
function offerDemo(routes) {
  let asked = 0;
  const answer = (response, order) => {
    asked += 1;
    const id = asked;
    const hear = (message) => {
      if (message.answer !== id) return;
      process.off('message', hear);
      response.json(message.state);
    };
    process.on('message', hear);
    process.send({ ask: id, order });
  };
  routes.get('/demo', (_request, response) => answer(response, {}));
  routes.post('/demo/servers/:address/:turn', (request, response) => {
    // No other site can send this header without asking first.
    if (request.headers['x-demo'] !== 'yes') response.status(403).end();
    else answer(response, { address: request.params.address, turn: request.params.turn });
  });
}
