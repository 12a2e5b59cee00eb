import { Script } from 'node:vm';
import { HANDLER_SCHEME } from './session.js';

type Call = (event: never, context: never) => unknown;

/**
 * Gives a handler a stack frame that bears its module and event type, for profilers.
 *
 * V8's profiles name a function by its source text, not by its `name` property, so the frame needs a text of its own.
 * It is made anew for each profile and taken away afterwards: code that was optimised before sampling began has no
 * table of what was inlined into it, and the frame would vanish in its caller. Unprofiled events pay nothing.
 */
export function framed<Handle extends Call>(module: string, type: string, handle: Handle): Handle {
  const url = `${HANDLER_SCHEME}${encodeURIComponent(module)}/${encodeURIComponent(type)}`;
  const source = `(handle) => function ${frameName(module, type)}(event, context) { return handle(event, context); }`;
  const wrap = new Script(source, { filename: url }).runInThisContext() as (handle: Handle) => Handle;
  return wrap(handle);
}

/** `<module>·<event type>` as an identifier. */
export function frameName(module: string, type: string): string {
  const name = `${module}·${type}`.replace(/[^\p{ID_Continue}$·]/gu, '·');
  return /^[\p{ID_Start}_$]/u.test(name) ? name : `_${name}`;
}
