import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const DESCRIPTORS = join('/', 'proc', 'self', 'fd');

/** Devices, what the system shows as files, and modules, which Node opens when it likes to. */
const OTHERS = /^\/(dev|proc|sys)\/|\.(m?js|json|node|map)$/;

const before = new Set(allOpen());

/** The files that this process has open. Empty where the system does not tell. */
function allOpen(): string[] {
  if (!existsSync(DESCRIPTORS)) return [];
  return readdirSync(DESCRIPTORS)
    .map((descriptor) => targetOf(join(DESCRIPTORS, descriptor)))
    .filter((target) => target.startsWith('/') && !OTHERS.test(target));
}

/** The files below a folder that this process has open. */
export function openFilesIn(folder: string): string[] {
  return allOpen().filter((target) => target.startsWith(folder));
}

/** The files, wherever they are, that were not open yet when this module was loaded; deleted ones too. */
export function openFiles(): string[] {
  return allOpen().filter((target) => !before.has(target));
}

function targetOf(descriptor: string): string {
  try {
    return readlinkSync(descriptor);
  } catch {
    // The descriptor that listed the folder is closed by now.
    return '';
  }
}
