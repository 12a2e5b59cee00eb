import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { WaitsForItselfError } from './errors.js';
import { isPromised, isThenable } from './thenable.js';

/**
 * Calls a function in the async context that there was when Millrace was loaded: none, in an ordinary program.
 *
 * A queue that wakes up once for many lends all of them the context of the first one: a request id, a tenant, a trace of
 * somebody else. So whoever calls code of the user from a queue, a timer or a commit does it through this, once for
 * everything that is called then.
 */
export const outside: <Result>(call: () => Result) => Result =
  Number.parseInt(process.versions.node, 10) < 24 ? outsideOnce : AsyncLocalStorage.snapshot();

const root = new AsyncResource('millrace');

/**
 * Before Node.js 24 a snapshot is one resource for all calls, on which a user's `enterWith` stays for good. So each call
 * gets a resource of its own, made where nothing is set.
 */
function outsideOnce<Result>(call: () => Result): Result {
  const own = root.runInAsyncScope(() => new AsyncResource('millrace'));
  return own.runInAsyncScope(call);
}

/** A handler that is being waited for. */
class Stay {
  readonly owner: object;
  /** What it is, for the message. */
  readonly name: string;
  readonly outer: Stay | undefined;
  /** Calls of it that have not ended. */
  calls = 0;

  constructor(owner: object, name: string) {
    this.owner = owner;
    this.name = name;
    this.outer = stays.getStore();
  }

  /** Waits for what the handler returned, and returns that. */
  until(result: unknown): unknown {
    const settled = Promise.resolve(result);
    this.calls++;
    const ended = () => {
      this.calls--;
    };
    settled.then(ended, ended);
    return settled;
  }
}

const stays = new AsyncLocalStorage<Stay>();

type Handle<This, Parameters extends readonly unknown[]> = (this: This, ...parameters: Parameters) => unknown;

/**
 * The handler, known to be waited for by `owner` while it runs: what would then wait for the handler's own end is refused
 * by `checkOutside`. Only calls that are made by the handler itself count, however many promises later, not those of
 * others meanwhile, nor what it leaves behind when it has ended.
 */
export function staying<This, Parameters extends readonly unknown[]>(
  owner: object,
  name: string,
  handle: Handle<This, Parameters>,
): Handle<This, Parameters> {
  return function (...parameters) {
    return stays.run(new Stay(owner, name), stayed, () => Reflect.apply(handle, this, parameters));
  };
}

/** Runs a handler to its end inside the running stay. */
function stayed(call: () => unknown): unknown {
  const stay = stays.getStore() as Stay;
  stay.calls++;
  try {
    const result = call();
    return isThenable(result) ? stay.until(result) : result;
  } finally {
    stay.calls--;
  }
}

/**
 * As `staying`, for handlers that are called hundreds of thousands of times a second: a handler that has returned no
 * promise so far cannot wait, and costs nothing. The first promise of one that did not look async is watched by the stay
 * of its whole batch; see `inBatch`.
 */
export function stayingIfAsync<This, Parameters extends readonly unknown[]>(
  owner: object,
  name: string,
  handle: Handle<This, Parameters>,
): Handle<This, Parameters> {
  const watched = staying(owner, name, handle);
  let isAsync = Object.prototype.toString.call(handle) === '[object AsyncFunction]';
  return function (...parameters) {
    if (isAsync) return Reflect.apply(watched, this, parameters);
    const result = Reflect.apply(handle, this, parameters);
    if (!isThenable(result)) return result;
    isAsync = true;
    return stays.getStore()?.until(result) ?? result;
  };
}

/** Calls a function in nobody's context, and as one that handlers of `owner` are called from. */
export function inBatch<Result>(owner: object, name: string, call: () => Result): Result {
  return outside(() => stays.run(new Stay(owner, name), call));
}

/**
 * Refuses a call that waits for everything that `owner` has under way, when it is made by a handler that is part of that.
 *
 * @throws WaitsForItselfError
 */
export function checkOutside(owner: object, call: string): void {
  const error = waitsForItself(owner, call);
  if (error) throw error;
}

/** As `checkOutside`, but returns the error. */
export function waitsForItself(owner: object, call: string): WaitsForItselfError | undefined {
  for (let stay = stays.getStore(); stay; stay = stay.outer) {
    if (stay.owner !== owner || stay.calls === 0) continue;
    return new WaitsForItselfError(
      `${call} was called inside ${stay.name}, and waits for that to end: it would wait for itself. Call it when the handler has ended, or do not wait for it there.`,
      { details: { call, inside: stay.name } },
    );
  }
  return undefined;
}

/**
 * Does what ends everything, also when it is asked for inside a handler that it has to wait for. Then it goes on without
 * its caller: who awaits it hears why that cannot be, and who does not need not care.
 */
export function endingFrom(owner: object, call: string, end: () => Promise<void>): Promise<void> {
  const error = waitsForItself(owner, call);
  const ended = end();
  if (!error) return ended;
  const refused = Promise.reject(error);
  isPromised(refused);
  return refused;
}
