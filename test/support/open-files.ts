import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const DESCRIPTORS = join('/', 'proc', 'self', 'fd');

/** The files below a folder that this process has open. Empty where the system does not tell. */
export function openFilesIn(folder: string): string[] {
  if (!existsSync(DESCRIPTORS)) return [];
  return readdirSync(DESCRIPTORS)
    .map((descriptor) => targetOf(join(DESCRIPTORS, descriptor)))
    .filter((target) => target.startsWith(folder));
}

function targetOf(descriptor: string): string {
  try {
    return readlinkSync(descriptor);
  } catch {
    // The descriptor that listed the folder is closed by now.
    return '';
  }
}
