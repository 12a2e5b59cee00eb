import { defineHandlers } from 'millrace';

await import(new URL('./not-there.mjs', import.meta.url).href);

export default defineHandlers('missing-import', () => {});
