import { defineHandlers } from 'millrace/define';

export default defineHandlers('', () => {});
