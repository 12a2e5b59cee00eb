import { Burned, burnCpu } from './planted.mjs';

const sums = [0];

/**
 * Burns the CPU with the events of one type, and ends its thread with a value below zero.
 *
 * @type {import('millrace/consumers').ConsumerHandler}
 */
const handle = ({ type, data }) => {
  const { value } = /** @type {{ value: number }} */ (data);
  if (value < 0) process.exit(7);
  if (type === Burned.type) sums[0] = burnCpu(value);
};

export default handle;
