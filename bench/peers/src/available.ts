import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Session } from '../../dist/support/session.js';
import type { Entry } from './peers.js';

interface PackageFile {
  readonly version: string;
  readonly license?: string;
  readonly engines?: { readonly node?: string };
}

const NEEDED_PROGRAMS: Readonly<Record<string, string>> = {
  'redis-server': 'the Debian package redis-server has it',
};

/** Why somebody cannot be measured here, or nothing when he can. */
export async function whyNot(entry: Entry, session: Session): Promise<string | undefined> {
  const missing = entry.packages.filter((name) => !packageFile(name));
  if (missing.length > 0)
    return `${missing.join(', ')} could not be installed: see npm install --prefix bench/peers`;
  const { program, trial } = entry;
  if (program && !versionOf(program))
    return `${program} is not on the PATH: ${NEEDED_PROGRAMS[program] ?? ''}`;
  if (!trial) return undefined;
  try {
    await session.run(`trial of ${entry.name}`, trial);
    return undefined;
  } catch (error) {
    return `its trial run failed on Node ${process.version}, see above (${(error as Error).message})`;
  }
}

/** Versions, licences and wanted Node versions of everything that is measured, as text. */
export function describePackages(names: Iterable<string>): readonly string[] {
  return [...new Set(names)].flatMap((name) => {
    const file = packageFile(name);
    if (!file) return [];
    const node = file.engines?.node;
    const licence = file.license ?? 'licence not stated in the package';
    return `${name} ${file.version} (${licence}${node ? `, asks for Node ${node}` : ''})`;
  });
}

/** The first line that a program says about its version. */
export function versionOf(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.match(/v=([\d.]+)/)?.[1] : undefined;
}

function packageFile(name: string): PackageFile | undefined {
  try {
    const url = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    return JSON.parse(readFileSync(url, 'utf8')) as PackageFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
