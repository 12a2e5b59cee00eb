import { channel } from 'node:diagnostics_channel';
import { CHANNELS } from './channels.js';

/** Where an engine shows itself when it has been opened, as `{ engine }`: for profilers and the like. */
export const ENGINE_CHANNEL = CHANNELS.engine;

const engines = channel(ENGINE_CHANNEL);

/** Shows an engine to whoever looks for engines in this process. */
export function announce(engine: object): void {
  engines.publish({ engine });
}
