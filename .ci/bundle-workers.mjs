// The last step of a build: makes one file of each thread's entry. A thread loads its own code anew, file by file, and
// each of its seventy files costs it most of a millisecond: from one file a lane opens at half the CPU, and a store's
// writer too. What loads a thread's own code later, if ever, stays a file of its own.
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

/**
 * What modules on a lane or on a consumer's thread import. Its files stay what they are: a thread must have one class
 * of each error, not that of its bundle beside that of its handlers.
 */
const FACES = ['faces/define.js', 'faces/errors.js', 'faces/consumers.js', 'aggregates/index.js'];

/** Threads on which nothing but Millrace's own code runs. */
const ALONE = ['writer', 'checkpoint'];

/**
 * Not bundled: packages, and Node's own modules.
 *
 * @param {string} id
 */
const isPackage = (id) => !id.startsWith('.') && !isAbsolute(id);

/** @returns {Promise<Set<string>>} the files of this package that importing the faces loads. */
async function filesOfFaces() {
  const input = FACES.map((face) => `${DIST}src/${face}`);
  const bundle = await rolldown({ input, platform: 'node', external: isPackage, treeshake: false });
  const { output } = await bundle.generate();
  return new Set(output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : [])));
}

/** A file that is put into a bundle keeps the address that it knows itself by: other files are looked for from there. */
const address = {
  name: 'address',
  transform: (code, id) => {
    if (!code.includes('= import.meta.url;')) return undefined;
    const path = `../${id.slice(DIST.length).replaceAll('\\', '/')}`;
    const own = `= new URL('${path}', import.meta.url).href;`;
    return { code: code.replaceAll('= import.meta.url;', own), map: null };
  },
};

const shared = await filesOfFaces();
for (const worker of ['lane', 'consumer', ...ALONE]) {
  const file = `${DIST}workers/${worker}.js`;
  const bundle = await rolldown({
    input: { [worker]: file },
    platform: 'node',
    // What is loaded later finds what it shares with the entry there, and nothing is loaded for it before.
    preserveEntrySignatures: 'allow-extension',
    plugins: [address],
    external: (id) => isPackage(id) || (!ALONE.includes(worker) && shared.has(id)),
  });
  await bundle.write({
    dir: `${DIST}workers`,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    // Which file each line is of, for debuggers; what is in those files lies beside it.
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
}
