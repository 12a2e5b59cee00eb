import { defineHandlers } from 'millrace/define';
import { Parking, Skipping, Stopping, Tried } from './events.mjs';

/**
 * Emits, then throws as often as the payload says.
 *
 * @param {import('millrace').DomainEvent<{ id: string, number: number, failures: number, async: boolean }>} event
 * @param {import('millrace').HandlerContext} ctx
 */
function attempt({ data: { id, number, failures, async } }, ctx) {
  ctx.emit(Tried({ id, number, attempt: ctx.attempt }));
  // A store may be reopened with what makes its parked events pass.
  if (ctx.attempt > failures || ctx.shared.healed) return;
  const error = Object.assign(new RangeError(`try ${ctx.attempt} of ${id}`), { code: 'E_TRY' });
  if (!async) throw error;
  return new Promise((_, reject) => setImmediate(reject, error));
}

export default defineHandlers('failing', (on) => {
  on(Parking, attempt, { retries: 2 });
  on(Skipping, attempt, { onFailure: 'skip' });
  on(Stopping, attempt, { retries: 1, onFailure: 'stop' });
});
