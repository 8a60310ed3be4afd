import type { AccessPorts } from '../../access/access.ts';
import type { ProfileTemplates } from '../../model/automation-api/profile-form.ts';
import type { AutomationAnswer, AutomationRequest } from '../../model/automation-api/request.ts';
import type { OperationPorts } from '../operations/operation-ports.ts';

/** What is, or was, wrong with profiles: as much as requests need of it. */
export interface FindingList {
  /** Newest first, at most `limit`. */
  list(
    filter: {
      readonly profileId?: string | undefined;
      readonly kind?: string | undefined;
      readonly state?: 'open' | 'closed' | undefined;
    },
    page: { readonly limit: number; readonly continuation?: string | undefined },
  ): Promise<{
    readonly findings: readonly { readonly organizationId: string }[];
    readonly continuation?: string;
  }>;
}

/** What the requests of people and systems ask of the world. */
export interface RequestPorts
  extends AccessPorts,
    Pick<OperationPorts, 'exporter' | 'ledger' | 'operations' | 'queues' | 'clock'> {
  readonly organizations: AccessPorts['organizations'];
  readonly findings: FindingList;
  readonly templates: ProfileTemplates;
}

/** One use case: checks that the caller may, reads the request, and answers. */
export type UseCase = (request: AutomationRequest, ports: RequestPorts) => Promise<AutomationAnswer>;
