import { defineHandlers } from 'millrace';

export default defineHandlers('', () => {});
