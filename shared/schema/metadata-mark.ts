import { compareVersions } from './row-version.ts';

/** The mark of metadata that was read at this version of the organization's; undefined where it tells none. */
export function markOf(version: string | undefined, hasUserLabels: boolean): string | undefined {
  return version === undefined ? undefined : `${version}${hasUserLabels ? ' with user labels' : ''}`;
}

/** Whether the one mark is of a later version than the other. One that is missing is neither earlier nor later. */
export function isLaterMark(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && compareVersions(versionOf(one), versionOf(other)) > 0;
}

const versionOf = (mark: string) => mark.split(' ', 1)[0] ?? '';
