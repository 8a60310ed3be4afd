import { hasCode } from '../../errors.ts';
import type { Operation, OperationRequest } from '../../model/operation.ts';
import { secondsAfter } from '../failure-life.ts';
import type { OperationPorts, Progress } from './operation-ports.ts';

type Creation = Extract<OperationRequest, { kind: 'create-profile' }>;

/**
 * Makes the profile and activates it. A profile of the organization with the same name and description is the one that is
 * meant: an earlier message made it, and died before it could write that down.
 */
export async function createProfile(
  { id, profileId: known }: Pick<Operation, 'id' | 'profileId'>,
  creation: Creation,
  ports: OperationPorts,
): Promise<Progress> {
  const profileId = known ?? (await findOrCreate(creation, ports));
  if (known === undefined)
    await ports.operations.update(id, (operation) => ({
      ...operation,
      profileId,
      message: 'The profile was created; it is not active yet.',
      dueAt: secondsAfter(ports.clock.now(), 0),
    }));
  await ports.exporter.activate(profileId);
  return { state: 'succeeded', message: 'The profile was created and is active.', profileId };
}

async function findOrCreate({ organizationId, description }: Creation, { exporter }: OperationPorts) {
  const find = () => exporter.profileWith(organizationId, description);
  const found = await find();
  if (found !== undefined) return found;
  try {
    return await exporter.createProfile(description);
  } catch (error) {
    // The name may be taken by the same request in another message, just now.
    const isRefused = hasCode(error, 'EXPORTER_REQUEST_REFUSED', 'PROFILE_NAME_TAKEN');
    const other = isRefused ? await find() : undefined;
    if (other === undefined) throw error;
    return other;
  }
}

/** The profile's tables are made and loaded, and followed from then on; that goes on when this is over. */
export async function activateProfile(profileId: string, { exporter }: OperationPorts): Promise<Progress> {
  await exporter.activate(profileId);
  return { state: 'succeeded', message: 'The profile is active.', profileId };
}

/** What was replicated stays. */
export async function deactivateProfile(profileId: string, { exporter }: OperationPorts): Promise<Progress> {
  await exporter.deactivate(profileId);
  return { state: 'succeeded', message: 'The profile is inactive.', profileId };
}
