import { existsSync, writeFileSync } from 'node:fs';

/**
 * Makes a file `<key>.begun`, and keeps its thread busy until there is a file at the path that the event has as its key.
 *
 * @type {import('millrace/consumers').ConsumerHandler}
 */
const handle = ({ key }) => {
  writeFileSync(`${key}.begun`, '');
  while (!existsSync(key));
};

export default handle;
