import { defineHandlers, defineState } from 'millrace';
import { Stepped, Told } from './state-events.mjs';

const Large = defineState({ name: 'large', initial: () => ({ count: 0, text: '' }) });

/** Keeps as much text for each key as a step says, in characters. */
export default defineHandlers('large-state', (on) => {
  on(Stepped, { state: Large }, ({ data: { key, n } }, state, ctx) => {
    state.count++;
    state.text = String.fromCharCode(64 + state.count).repeat(n);
    ctx.emit(Told({ key, n, sum: state.text.length, count: state.count }));
  });
});
