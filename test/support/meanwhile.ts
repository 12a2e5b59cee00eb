import Database from 'better-sqlite3';

type Call = (this: Database.Statement, ...values: unknown[]) => unknown;

const CALLS = ['get', 'all', 'iterate', 'run'] as const;

/**
 * Does `work`, and `step` before each statement of a read-only connection that takes a look of its own at the file, in
 * no transaction or as the first of one: whatever an engine in another process may do to it in just that moment.
 */
export function meanwhile<Result>(step: () => unknown, work: () => Result): Result {
  const memory = new Database(':memory:');
  const prototype = Object.getPrototypeOf(memory.prepare('SELECT 1')) as Record<string, Call>;
  memory.close();
  let isStepping = false;
  const calls = CALLS.map((name) => [name, prototype[name] as Call] as const);
  for (const [name, call] of calls) {
    prototype[name] = function afterStep(...values) {
      const { database } = this;
      if (!isStepping && database.readonly && !database.inTransaction) {
        isStepping = true;
        try {
          step();
        } finally {
          isStepping = false;
        }
      }
      return call.apply(this, values);
    };
  }
  try {
    return work();
  } finally {
    for (const [name, call] of calls) prototype[name] = call;
  }
}
