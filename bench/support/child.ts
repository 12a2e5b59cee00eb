import type { Sample } from './sample.js';

/** A contestant's module: one run, in a process of its own. Its options arrive as JSON. */
export interface ContestantModule {
  readonly default: (options: never) => Promise<Sample>;
}

const [name, options] = process.argv.slice(2);
const url = new URL(`../contestants/${name}.js`, import.meta.url);
const { default: run } = (await import(url.href)) as ContestantModule;
const sample = await run(JSON.parse(options ?? '{}') as never);
process.send?.(sample, () => process.disconnect?.());
