import { checkFunction } from '../kernel/check.js';

/** Turns a handler of one thing into a handler of another, and leaves its further arguments and `this` alone. */
export type HandlerStep<In, Out> = <This, Rest extends readonly unknown[], Result>(
  handler: (this: This, value: Out, ...rest: Rest) => Result,
) => (this: This, event: In, ...rest: Rest) => Result | undefined;

/**
 * A handler that hears only events for which the predicate returns true. Made for `subscribe`, and for lane
 * handlers as well: `on(OrderPlaced, filtered(({ data }) => data.quantity > 10, handle))`. With the predicate
 * alone it is a step for `pipe`. @throws InvalidOptionError
 */
export function filtered<Event>(predicate: (event: Event) => boolean): HandlerStep<Event, Event>;
export function filtered<This, Event, Rest extends readonly unknown[], Result>(
  predicate: (event: Event) => boolean,
  handler: (this: This, event: Event, ...rest: Rest) => Result,
): (this: This, event: Event, ...rest: Rest) => Result | undefined;
export function filtered<Event>(predicate: (event: Event) => boolean, handler?: (event: Event) => unknown) {
  checkFunction('filtered', 'the predicate', predicate);
  if (handler !== undefined) checkFunction('filtered', 'the handler', handler);
  const step: HandlerStep<Event, Event> = (next) =>
    function (event, ...rest) {
      return predicate(event) ? next.call(this, event, ...rest) : undefined;
    };
  return handler ? step(handler) : step;
}

/**
 * A handler that gets what the function makes of the event: `mapped(({ data }) => data.price, (price) => …)`.
 * With the function alone it is a step for `pipe`. @throws InvalidOptionError
 */
export function mapped<Event, Value>(transform: (event: Event) => Value): HandlerStep<Event, Value>;
export function mapped<This, Event, Value, Rest extends readonly unknown[], Result>(
  transform: (event: Event) => Value,
  handler: (this: This, value: Value, ...rest: Rest) => Result,
): (this: This, event: Event, ...rest: Rest) => Result;
export function mapped<Event, Value>(
  transform: (event: Event) => Value,
  handler?: (value: Value) => unknown,
) {
  checkFunction('mapped', 'the function', transform);
  if (handler !== undefined) checkFunction('mapped', 'the handler', handler);
  const step: HandlerStep<Event, Value> = (next) =>
    function (event, ...rest) {
      return next.call(this, transform(event), ...rest);
    };
  return handler ? step(handler) : step;
}

type Next<This, Value, Rest extends readonly unknown[], Result> = (
  this: This,
  value: Value,
  ...rest: Rest
) => Result;

/**
 * A handler behind one to four steps, the first of which gets the event:
 * `pipe(filtered(isLarge), mapped(({ data }) => data.price), (price) => …)`. @throws InvalidOptionError
 */
export function pipe<A, B, This, Rest extends readonly unknown[], Result>(
  first: HandlerStep<A, B>,
  handler: Next<This, B, Rest, Result>,
): Next<This, A, Rest, Result | undefined>;
export function pipe<A, B, C, This, Rest extends readonly unknown[], Result>(
  first: HandlerStep<A, B>,
  second: HandlerStep<B, C>,
  handler: Next<This, C, Rest, Result>,
): Next<This, A, Rest, Result | undefined>;
export function pipe<A, B, C, D, This, Rest extends readonly unknown[], Result>(
  first: HandlerStep<A, B>,
  second: HandlerStep<B, C>,
  third: HandlerStep<C, D>,
  handler: Next<This, D, Rest, Result>,
): Next<This, A, Rest, Result | undefined>;
export function pipe<A, B, C, D, E, This, Rest extends readonly unknown[], Result>(
  first: HandlerStep<A, B>,
  second: HandlerStep<B, C>,
  third: HandlerStep<C, D>,
  fourth: HandlerStep<D, E>,
  handler: Next<This, E, Rest, Result>,
): Next<This, A, Rest, Result | undefined>;
export function pipe(...parts: readonly unknown[]): unknown {
  for (const part of parts) checkFunction('pipe', 'each step', part);
  const steps = parts.slice(0, -1) as readonly ((handler: unknown) => unknown)[];
  return steps.reduceRight((handler, step) => step(handler), parts.at(-1));
}
