import type { ApiRequest } from '../model/api-request.ts';
import { activateProfile } from './activate-profile.ts';
import type { ApiPorts } from './api-ports.ts';

/** DES: starts replication: first the tables are made, then they are loaded and followed. */
export const profilesActivate = (request: ApiRequest, ports: ApiPorts) =>
  activateProfile(request, 'all', ports);
