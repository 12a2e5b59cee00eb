/**
 * An order service: commands over HTTP, decided on threads, and a timer for what is not paid.
 *
 *     npm run example:orders -- [--port 8080] [--store orders.db] [--pay-within SECONDS] [--threads N] [--demo]
 *
 * With --demo it asks itself a few things and ends.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { closeOnSignals } from 'millrace';
import { demo } from './demo.mjs';
import { Order } from './order.mjs';
import { openOrders } from './service.mjs';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    store: { type: 'string', default: 'orders.db' },
    'pay-within': { type: 'string', default: '3600' },
    threads: { type: 'string', default: '2' },
    demo: { type: 'boolean', default: false },
  },
});

const engine = await openOrders({
  store: values.store,
  threads: Number(values.threads),
  payWithinMs: 1000 * Number(values['pay-within']),
});

/**
 * What a request is answered with. A client that asks again under the same `idempotency-key` gets the same answer.
 *
 * @param {import('node:http').IncomingMessage} request
 */
async function answer(request) {
  const [, orders, id = randomUUID(), action] = (request.url ?? '').split('/');
  const key = request.headers['idempotency-key'];
  const options = typeof key === 'string' ? { commandId: key } : {};
  const asked = orders === 'orders' ? `${request.method} ${action ?? ''}`.trim() : '';
  if (asked === 'GET') return engine.query(Order, id, (state) => state);
  if (asked === 'PUT' || asked === 'POST') {
    const input = /** @type {{ customer: string, amount: number }} */ (await json(request));
    const { version } = await engine.execute(Order, id, 'place', input, options);
    return { order: id, version };
  }
  if (asked === 'POST pay') {
    const { reply } = await engine.execute(Order, id, 'pay', undefined, options);
    return { order: id, paid: reply };
  }
  return undefined;
}

const server = createServer(async (request, response) => {
  try {
    const found = await answer(request);
    response.statusCode = found ? 200 : 404;
    response.end(JSON.stringify(found ?? { error: 'POST /orders, GET /orders/ID, POST /orders/ID/pay' }));
  } catch (error) {
    const { code, message, details } = /** @type {import('millrace').MillraceError} */ (error);
    response.statusCode = code === 'MILLRACE_COMMAND_REFUSED' ? 409 : 400;
    response.end(JSON.stringify({ code, message, rule: details?.rule }));
  }
});
server.listen(Number(values.port));
await once(server, 'listening');
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

closeOnSignals(engine).signal.addEventListener('abort', () => server.close());
if (values.demo) {
  await demo(`http://localhost:${port}`);
  server.close();
  await engine.close();
} else {
  console.log(`Listening on http://localhost:${port}, for example:`);
  console.log(`  curl -d '{"customer":"ada","amount":25}' http://localhost:${port}/orders`);
}
