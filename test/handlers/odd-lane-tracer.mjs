/**
 * Calls each handler in another odd way, in turn.
 *
 * @type {import('../../dist/src/lanes/traced.js').WrapHandler}
 */
const wrap = ({ handle }) => {
  const call = /** @type {(event: unknown, context: unknown) => unknown} */ (handle);
  let turn = 0;
  return async (/** @type {unknown} */ event, /** @type {unknown} */ context) => {
    turn++;
    // Never answers, though the handler has.
    if (turn === 1) {
      await call(event, context);
      await new Promise(() => {});
    }
    // Late, and with an error of its own.
    if (turn === 2) {
      await null;
      await Promise.resolve(call(event, context)).catch(() => {});
      throw new Error('the tracer is broken');
    }
    // Never calls it at all.
    throw new Error('the tracer is broken');
  };
};

export default wrap;
