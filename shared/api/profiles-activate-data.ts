import type { ApiRequest } from '../model/api-request.ts';
import { activateProfile } from './activate-profile.ts';
import type { ApiPorts } from './api-ports.ts';

/** DES: starts the export of rows. Rows need their tables, so these are made too where they are missing. */
export const profilesActivateData = (request: ApiRequest, ports: ApiPorts) =>
  activateProfile(request, 'all', ports);
