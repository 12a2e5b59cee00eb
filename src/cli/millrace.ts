#!/usr/bin/env node
import { MillraceError } from '../kernel/errors.js';
import { requireNode } from '../kernel/node-version.js';

// The commands are imported only on a Node.js that can load them: an older one would end here without a coded error.
try {
  requireNode();
  await import('./program.js');
} catch (error) {
  if (!(error instanceof MillraceError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 1;
}
