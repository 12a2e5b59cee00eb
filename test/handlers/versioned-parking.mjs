import { defineHandlers, defineState } from 'millrace';
import { Stepped } from './state-events.mjs';

/** The version of its state stands in the URL of the module. */
const version = Number(new URL(import.meta.url).searchParams.get('v'));

const Counted = defineState({ name: 'counted', version, initial: () => 0 });

/** Counts the version for each step; version 2 cannot handle some events that others can. */
export default defineHandlers('versioned-parking', (on) => {
  on(Stepped, { state: Counted, onFailure: 'park' }, ({ data }, counted) => {
    if (data.do === 'fail-as-2' && version === 2) throw new Error('version 2 is broken');
    if (data.do === 'fail') throw new Error('every version is broken');
    return counted + version;
  });
});
