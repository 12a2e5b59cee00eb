export default { name: 'wrong', entries: [] };
