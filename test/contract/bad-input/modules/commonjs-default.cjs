// What TypeScript makes of `export default` when it compiles to CommonJS.
Object.defineProperty(exports, '__esModule', { value: true });
const { defineHandlers } = require('millrace');
exports.default = defineHandlers('commonjs', () => {});
