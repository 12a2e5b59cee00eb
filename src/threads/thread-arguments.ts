/** Arguments that say how modules are found and loaded: handlers may need them as much as the program does. */
const LOADING =
  /^(?:-r|-C|--(?:require|import|loader|experimental-loader|conditions|(?:no-)?(?:experimental-)?(?:strip|transform)-types|enable-source-maps|preserve-symlinks|no-warnings|disable-warning))(=|$)/;

/** Those of them whose value may be the next argument. */
const WITH_VALUE = /^(?:-r|-C|--(?:require|import|loader|experimental-loader|conditions|disable-warning))$/;

/** Of a program that is given as text: a thread's program is a file, and refuses it. */
const INPUT_TYPE = /(?:^|\s)--input-type(?:=|\s+)\S+/;

/** Set under `node --watch`: threads then send messages of Node's own among those of their program. */
const WATCHING = 'WATCH_REPORT_DEPENDENCIES';

/** What a thread is started with besides its file. */
export interface ThreadArguments {
  readonly execArgv?: string[];
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * A thread inherits the arguments of its process, and some of them would end it before it has begun.
 *
 * @param runs `own`: nothing but this package, so it needs no argument at all, be it of `NODE_OPTIONS`, and no preload of
 * the program may run in it: what that posts would come among the thread's answers. `handlers`: modules of the program, which get what they need to be loaded.
 */
export function threadArguments(runs: 'own' | 'handlers'): ThreadArguments {
  return { ...execArgvFor(runs, process.execArgv), ...envFor(runs, process.env) };
}

function execArgvFor(runs: 'own' | 'handlers', given: readonly string[]): { execArgv?: string[] } {
  if (runs === 'own') return { execArgv: [] };
  if (!given.some((argument) => INPUT_TYPE.test(`${argument} x`))) return {};
  // Not all of the others either: those of V8 are for a whole process, and refused when they are named for a thread.
  const execArgv: string[] = [];
  for (const [index, argument] of given.entries()) {
    if (LOADING.test(argument)) execArgv.push(argument);
    else if (WITH_VALUE.test(given[index - 1] ?? '')) execArgv.push(argument);
  }
  return { execArgv };
}

function envFor(runs: 'own' | 'handlers', env: NodeJS.ProcessEnv): { env?: NodeJS.ProcessEnv } {
  const { NODE_OPTIONS = '', [WATCHING]: watching, ...own } = env;
  const options = runs === 'own' ? '' : NODE_OPTIONS.replace(INPUT_TYPE, '');
  if (options === NODE_OPTIONS && watching === undefined) return {};
  return { env: { ...own, ...(options !== '' && { NODE_OPTIONS: options }) } };
}
