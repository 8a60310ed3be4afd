import type { ExportedProfile } from '../ports/exporter-api.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { reportTrouble } from './report-trouble.ts';

/**
 * Does the same for each profile of the exporter. The trouble of one does not stop the others; while the exporter
 * cannot be asked, nothing is done: the next run asks again.
 */
export async function forEachProfile(
  doing: string,
  ports: AutomationPorts,
  act: (profile: ExportedProfile) => Promise<void>,
): Promise<void> {
  for (const profile of await profilesNow(doing, ports)) {
    try {
      await act(profile);
    } catch (error) {
      reportTrouble(`${doing} of profile "${profile.name}" goes on later`, error, ports);
    }
  }
}

async function profilesNow(doing: string, ports: AutomationPorts): Promise<readonly ExportedProfile[]> {
  try {
    return await ports.exporter.profiles();
  } catch (error) {
    reportTrouble(`${doing} goes on later`, error, ports);
    return [];
  }
}
