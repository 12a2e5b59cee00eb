import { setTimeout as sleep } from 'node:timers/promises';
import { defineHandlers } from 'millrace/define';
import { Endangered } from './events.mjs';

/** Beyond the limit of the module beside it, and the time that is given on top. */
const LONG_MS = 600;

/** Has no limit of its own. */
export default defineHandlers('patient', (on) => on(Endangered, () => sleep(LONG_MS)));
