import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

// USER_HZ, which is 100 wherever Node runs on Linux.
const ticksPerSecond = 100;

/** CPU seconds of a process so far, its own and its kernel's. Linux only. */
export function cpuSecondsOf(pid: number): number {
  return statOf(pid)?.cpuSeconds ?? 0;
}

/** CPU seconds so far of a process and of all that it has started, whether they still run or not. */
export function cpuSecondsOfAll(pid: number): number {
  const all = readdirSync('/proc')
    .map(Number)
    .filter(Number.isInteger)
    .flatMap((each) => statOf(each) ?? []);
  const family = new Set([pid]);
  // A child has a greater number than its parent only until numbers begin anew: so look until nobody is added.
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const each of all) if (family.has(each.parentPid)) family.add(each.pid);
  }
  return all
    .filter((each) => family.has(each.pid))
    .reduce((sum, each) => sum + each.cpuSeconds + each.endedCpuSeconds, 0);
}

/** Undefined when the process has ended meanwhile. */
function statOf(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const seconds = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) / ticksPerSecond;
    return { pid, parentPid: Number(fields[1]), cpuSeconds: seconds(11), endedCpuSeconds: seconds(13) };
  } catch {
    return undefined;
  }
}

/** Memory of a process now, and the most it has had since the start or the last `forgetPeak`; megabytes of 2^20 bytes. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}

/** From here on the peak is counted anew. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
