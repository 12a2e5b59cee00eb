import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from '#zod';

export const Tried = defineEvent('odd_names.tried', {
  schema: z.object({ key: z.string() }),
  aggregateId: ({ key }) => key,
});

const MILLISECONDS = 5;
/** V8 names what a regular expression does by its source. */
const pattern = /^(?:[\w\d]+\s*)+"é\u00e9"$/;

/**
 * A method whose name has much that a JSON text must escape, in a script that is named as one on Windows.
 *
 * @type {() => void}
 */
const odd = new Function(
  String.raw`return { 'say "\\w"\n\u0001 한 ","lineNumber":x'() { for (let end = Date.now() + ${MILLISECONDS}; Date.now() < end; ); } };
//# sourceURL=C:\odd\names.js`,
)()['say "\\w"\n\u0001 한 ","lineNumber":x'];

export default defineHandlers('odd-names', (on) => {
  on(Tried, () => {
    for (let end = Date.now() + MILLISECONDS; Date.now() < end; ) pattern.test('abc def ghi jkl mno');
    odd();
  });
});
