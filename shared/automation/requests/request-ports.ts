import type { AccessPorts } from '../../access/access.ts';
import type { ProfileTemplates } from '../../model/automation-api/profile-form.ts';
import type { AutomationAnswer, AutomationRequest } from '../../model/automation-api/request.ts';
import type { HealthFindings } from '../../ports/health-findings.ts';
import type { OperationPorts } from '../operations/operation-ports.ts';

/** What the requests of people and systems ask of the world. */
export interface RequestPorts
  extends AccessPorts,
    Pick<OperationPorts, 'exporter' | 'ledger' | 'operations' | 'queues' | 'clock'> {
  readonly organizations: AccessPorts['organizations'];
  readonly findings: Pick<HealthFindings, 'list'>;
  readonly templates: ProfileTemplates;
}

/** One use case: checks that the caller may, reads the request, and answers. */
export type UseCase = (request: AutomationRequest, ports: RequestPorts) => Promise<AutomationAnswer>;
