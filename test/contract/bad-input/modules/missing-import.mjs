import { defineHandlers } from 'millrace/define';

await import(new URL('./not-there.mjs', import.meta.url).href);

export default defineHandlers('missing-import', () => {});
