const { defineHandlers } = require('millrace');
module.exports = defineHandlers('commonjs', () => {});
