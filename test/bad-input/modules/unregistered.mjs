import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from '#zod';

const Forgotten = defineEvent('module.forgotten', { schema: z.any(), aggregateId: () => 'a' });

export default defineHandlers('unregistered', (on) => {
  on(Forgotten, () => {});
});
