/**
 * V8's own text of a CPU profile (`CpuProfile::Serialize`, which `worker.startCpuProfile` hands out) has names as they are:
 * a regular expression is named by its source, a script by its path, and either may hold what JSON must escape. The
 * fields stand in one order, so a name ends where the next field begins.
 */
const NAMES =
  /"functionName":"(.*?)"(,"lineNumber":-?\d+,"columnNumber":-?\d+,"scriptId":\d+),"url":"(.*?)"(?=\}[,}])/gs;

/** The text of a profile from V8 with its names as JSON has them. */
export function escapeNames(profile: string): string {
  return profile.replace(
    NAMES,
    (_, name: string, place: string, url: string) =>
      `"functionName":${JSON.stringify(name)}${place},"url":${JSON.stringify(url)}`,
  );
}
