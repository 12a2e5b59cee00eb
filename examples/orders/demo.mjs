import { setTimeout as wait } from 'node:timers/promises';

const LOOK_AGAIN_MS = 50;

/**
 * A client: one order is paid, the other one is not.
 *
 * @param {string} base
 */
export async function demo(base) {
  /**
   * @param {string} path
   * @param {RequestInit} [request]
   */
  const ask = async (path, request) => {
    const response = await fetch(base + path, request);
    return /** @type {Record<string, unknown>} */ (await response.json());
  };
  /** @param {string} customer */
  const place = async (customer) => {
    const body = JSON.stringify({ customer, amount: 25 });
    const { order } = await ask('/orders', { method: 'POST', body });
    return String(order);
  };
  const [paid, unpaid] = [await place('ada'), await place('bob')];
  const headers = { 'idempotency-key': `payment of ${paid}` };
  const pay = () => ask(`/orders/${paid}/pay`, { method: 'POST', headers });
  console.log('paid', (await pay()).paid, 'and, asked again,', (await pay()).paid);
  console.log('paid twice:', (await ask(`/orders/${paid}/pay`, { method: 'POST' })).rule);
  console.log(
    'nothing ordered:',
    (await ask('/orders', { method: 'POST', body: '{"customer":"eve"}' })).code,
  );
  /** @param {string} order */
  const statusOf = async (order) => (await ask(`/orders/${order}`)).status;
  while ((await statusOf(unpaid)) === 'open') await wait(LOOK_AGAIN_MS);
  console.log(`ada's order is ${await statusOf(paid)}, bob's is ${await statusOf(unpaid)}`);
}
