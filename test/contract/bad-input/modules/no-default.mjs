export const handlers = 'not the default export';
