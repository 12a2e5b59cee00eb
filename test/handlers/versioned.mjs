import { defineHandlers, defineState } from 'millrace';
import { Stepped, Told } from './state-events.mjs';

/** The version of its state stands in the URL of the module. */
const version = Number(new URL(import.meta.url).searchParams.get('v'));

const Weighted = defineState({ name: 'weighted', version, initial: () => ({ sum: 0, seen: 0 }) });

/** The steps' sum, each times the version. */
export default defineHandlers('versioned', (on) => {
  on(Stepped, { state: Weighted, onFailure: 'skip' }, ({ data }, state, ctx) => {
    if (data.do === 'fail') throw new Error('skipped for good');
    if (data.do === 'fail-as-1' && version === 1) throw new Error('skipped by version 1');
    if (data.do === 'fail-as-2' && version === 2) throw new Error('skipped by version 2');
    state.sum += data.n * version;
    state.seen++;
    ctx.emit(Told({ key: data.key, n: data.n, sum: state.sum, count: version }));
  });
});
