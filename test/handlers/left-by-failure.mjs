import { existsSync, writeFileSync } from 'node:fs';
import { defineHandlers } from 'millrace/define';
import { Noted } from './events.mjs';

export default defineHandlers('left-by-failure', (on) => {
  on(
    Noted,
    ({ data: { value } }) => {
      const { act, mark } = /** @type {{ act: string, mark: string }} */ (value);
      if (existsSync(mark)) return;
      // Ends the thread when another event is under way on it.
      if (act === 'fail') {
        setInterval(() => existsSync(mark) && process.exit(3), 1);
        throw new RangeError('failed, and left something behind');
      }
      writeFileSync(mark, '');
      return new Promise(() => {});
    },
    { onFailure: 'skip' },
  );
});
