import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const packages = join(root, 'node_modules/.cache/bicep');
/** Where the template that is deployed is, with its modules and queries. */
export const infraFolder = join(root, 'infra');

/** The Bicep compiler, or why there is none on this machine. */
export type BicepCompiler = Readonly<
  { isAvailable: true; version: string; run: typeof runBicep } | { isAvailable: false; reason: string }
>;

/** A finished call of the compiler; `diagnostics` holds every warning and error, one a line. */
export interface BicepRun {
  readonly exitCode: number;
  readonly output: string;
  readonly diagnostics: readonly string[];
}

let program = '';

/** Gets the compiler that `infra/bicep/bicep.csproj` names, from the package feed the first time. */
export async function findBicepCompiler(): Promise<BicepCompiler> {
  const platform = platformName();
  if (!platform) return { isAvailable: false, reason: `no compiler for ${process.platform}-${process.arch}` };
  const project = await readFile(join(infraFolder, 'bicep/bicep.csproj'), 'utf8');
  const version = /Version="\[(.+?)\]"/.exec(project)?.[1] ?? '';
  const folder = join(packages, `azure.bicep.commandline.${platform}`, version);
  // NuGet writes this file last.
  if (!existsSync(join(folder, '.nupkg.metadata'))) {
    const problem = await restore(project, platform);
    if (problem) return { isAvailable: false, reason: problem };
  }
  program = join(folder, 'tools', process.platform === 'win32' ? 'bicep.exe' : 'bicep');
  await chmod(program, 0o755);
  return { isAvailable: true, version, run: runBicep };
}

/** Undefined when done, otherwise why not. */
async function restore(project: string, platform: string): Promise<string | undefined> {
  // From a copy: dotnet writes an "obj" folder beside the project, which parallel test files must not share.
  const folder = await mkdtemp(join(tmpdir(), 'bicep-'));
  const copy = join(folder, 'bicep.csproj');
  try {
    await writeFile(copy, project);
    await run('dotnet', ['restore', copy, '--packages', packages, `-p:BicepPlatform=${platform}`], {
      timeout: 90_000,
      env: environment,
    });
    return undefined;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isMissing ? 'dotnet is not installed' : 'dotnet cannot restore the compiler from the package feed';
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function runBicep(...parameters: string[]): Promise<BicepRun> {
  const options = { env: environment, maxBuffer: 64 * 1024 * 1024 };
  const ended = await run(program, parameters, options).then(
    ({ stdout, stderr }) => ({ exitCode: 0, stdout, stderr }),
    (error) => ({ exitCode: Number(error.code), stdout: `${error.stdout}`, stderr: `${error.stderr}` }),
  );
  const diagnostics = ended.stderr.split('\n').filter((line) => line.trim() !== '');
  return { exitCode: ended.exitCode, output: ended.stdout, diagnostics };
}

const environment = {
  ...process.env,
  DOTNET_CLI_TELEMETRY_OPTOUT: '1',
  DOTNET_NOLOGO: '1',
  // A bare machine has no ICU libraries.
  DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1',
};

function platformName(): string | undefined {
  const system = { linux: 'linux', darwin: 'osx', win32: 'win' }[process.platform as string];
  return system && ['x64', 'arm64'].includes(process.arch) ? `${system}-${process.arch}` : undefined;
}
