import type { ApiRequest } from '../model/api-request.ts';
import { activateProfile } from './activate-profile.ts';
import type { ApiPorts } from './api-ports.ts';

/** DES: makes the tables and keeps their columns up to date; no rows are exported. What is replicated already goes on. */
export const profilesActivateMetadata = (request: ApiRequest, ports: ApiPorts) =>
  activateProfile(request, 'metadata', ports);
