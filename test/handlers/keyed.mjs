import { defineHandlers } from 'millrace/define';
import { Keyed, KeySeen, Plain } from './keyed-events.mjs';

export default defineHandlers('keyed', (on) => {
  on(Keyed, (event, ctx) => ctx.emit(KeySeen({ seen: 'seen-1', key: event.key })));
  on(Plain, (event, ctx) => ctx.emit(KeySeen({ seen: 'seen-2', key: event.key })));
});
