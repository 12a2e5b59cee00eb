import { PackageMissingError } from './errors.js';
import { field } from './thrown.js';

/**
 * A package that only few calls need, and users install when they make those.
 *
 * @param name of the package.
 * @param load imports it; written where it is used, so that bundlers and types know which one it is.
 * @param use what it does, as the beginning of the error's sentence: 'A Parquet file is read'.
 * @param instead what can be done without it, as its end.
 * @throws PackageMissingError when it is not installed.
 */
export async function optionalPackage<Module>(
  name: string,
  load: () => Promise<Module>,
  { use, instead }: { readonly use: string; readonly instead: string },
): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    if (field(cause, 'code') !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new PackageMissingError(
      `${use} by the package ${name}, which is not installed. Run 'npm install ${name}', or ${instead}.`,
      { cause, details: { package: name } },
    );
  }
}
