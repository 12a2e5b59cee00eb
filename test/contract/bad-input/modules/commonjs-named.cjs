const { defineHandlers } = require('millrace');
exports.handlers = defineHandlers('commonjs', () => {});
