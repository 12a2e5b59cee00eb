import { defineHandlers } from 'millrace/define';
import { Posted } from './posted.mjs';

/** Emits what it sees of `shared`. */
export default defineHandlers('shared', (on) => {
  on(Posted, ({ data }, ctx) => {
    if (data.id === 'seen') return;
    const { list, memory } = /** @type {{ list: number[], memory: SharedArrayBuffer }} */ (ctx.shared);
    const value = { list, first: new Uint8Array(memory)[0] };
    ctx.emit(Posted({ id: 'seen', key: data.key, value }));
  });
});
