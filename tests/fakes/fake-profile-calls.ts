import type { ProfileCalls } from '../../shared/adapters/exporter-in-process/exporter-in-process.ts';

const nobody = () => Promise.reject(new Error('No profile is to be changed.'));

/** For tests in which the automation changes no profile. */
export const noProfileCalls: ProfileCalls = {
  list: nobody,
  create: nobody,
  activate: nobody,
  deactivate: nobody,
};
