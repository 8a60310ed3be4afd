import { describe, expect, test } from 'vitest';
import { metadataConnector } from '../../../shared/api/metadata-connector.ts';
import { metadataDiscover } from '../../../shared/api/metadata-discover.ts';
import { metadataEntities } from '../../../shared/api/metadata-entities.ts';
import { metadataOrganizations } from '../../../shared/api/metadata-organizations.ts';
import { type ApiOperations, apiOperations } from '../../../shared/api/operations.ts';
import { profilesCreate } from '../../../shared/api/profiles-create.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { ApiRequest } from '../../../shared/model/api-request.ts';
import type { Dataverse, Organizations } from '../../../shared/ports/dataverse.ts';
import {
  admin,
  deploying,
  description,
  errorOf,
  organization,
  powerless,
  reader,
  request,
  stranger,
  stubPorts,
  ticketing,
} from './stub-ports.ts';

const query = { organizationurl: organization.url, organizationid: organization.id };

describe('who may do what', () => {
  const watching: readonly (keyof ApiOperations)[] = [
    'profilesFailures',
    'profilesGet',
    'profilesList',
    'profilesResync',
  ];
  const managing = (Object.keys(apiOperations(stubPorts().ports)) as (keyof ApiOperations)[]).filter(
    (name) => ![...watching, 'metadataOrganizations', 'health'].includes(name),
  );

  async function outcome(name: keyof ApiOperations, caller: ApiRequest['caller']) {
    const stub = stubPorts();
    const { Id } = await profilesCreate(request({ body: description }), stub.ports);
    if (name === 'profilesResync')
      await apiOperations(stub.ports).profilesActivate(request({ id: String(Id) }));
    const body = { ...description, Id, Version: '1', Name: 'Second', DestinationPrefix: 'second' };
    const asked = request({ caller, query: { ...query, isauthorized: 'true' }, id: String(Id), body });
    return apiOperations(stub.ports)
      [name](asked)
      .then(
        () => 'allowed',
        (error: ServiceError) => `${error.code}: ${error.message}`,
      );
  }
  const refused = /^REQUEST_NOT_ALLOWED: .*failed authorization/;

  test.each([...watching, ...managing])('%s: administrators and deploying applications', async (name) => {
    expect(await outcome(name, admin)).toBe('allowed');
    expect(await outcome(name, deploying)).toBe('allowed');
    for (const caller of [reader, stranger, powerless]) expect(await outcome(name, caller)).toMatch(refused);
  });

  test.each(watching)('%s: the automation too', async (name) => {
    expect(await outcome(name, ticketing)).toBe('allowed');
  });

  test.each(managing)('%s: not the automation', async (name) => {
    expect(await outcome(name, ticketing)).toMatch(refused);
  });

  test('who cannot be looked up in Dataverse is refused, and the log says why', async () => {
    const stub = stubPorts();
    stub.dataverseError = new ServiceError('DATAVERSE_UNREACHABLE', 'Cannot reach Dataverse.');
    expect((await errorOf(metadataDiscover(request({ query }), stub.ports))).code).toBe(
      'REQUEST_NOT_ALLOWED',
    );
    expect(stub.logged).toEqual([expect.stringContaining('Cannot reach Dataverse.')]);
    expect(await metadataOrganizations(request(), stub.ports)).toEqual([]);
  });
});

test('whether a profile of another organization exists is told neither to its strangers nor to those who may use nothing', async () => {
  const other = 'cccccccc-0000-4000-8000-000000000001';
  const stub = stubPorts();
  const { Id } = await profilesCreate(request({ body: description }), stub.ports);
  const mine = stub.profiles.get(String(Id));
  if (!mine) throw new Error('The profile was not stored.');
  const theirs = { ...mine, id: 'dddddddd-0000-4000-8000-000000000001', organizationId: other };
  stub.profiles.set(theirs.id, theirs);
  const { dataverse } = stub.ports.organizations;
  stub.ports.organizations.dataverse = async (id) => {
    if (id === other) return { isSystemAdministrator: async () => false } as unknown as Dataverse;
    return dataverse(id);
  };
  const answerTo = async (caller: ApiRequest['caller'], id: string) => {
    const { code, message } = await errorOf(apiOperations(stub.ports).profilesGet(request({ caller, id })));
    return [code, message.replaceAll(id, '<id>')];
  };
  for (const [caller, code] of [
    [admin, 'PROFILE_NOT_FOUND'],
    [reader, 'REQUEST_NOT_ALLOWED'],
  ] as const) {
    const existing = await answerTo(caller, theirs.id);
    expect(existing[0]).toBe(code);
    expect(await answerTo(caller, 'dddddddd-0000-4000-8000-000000000002')).toEqual(existing);
  }
  await expect(apiOperations(stub.ports).profilesGet(request({ id: mine.id }))).resolves.toMatchObject({
    Id,
  });
});

describe('several organizations', () => {
  const other = 'cccccccc-0000-4000-8000-000000000001';

  /** The organization of the stub, and one that gives this answer about everybody. */
  function twoOrganizations(answer: () => Promise<boolean>) {
    const stub = stubPorts();
    const { all, byId, byUrl, dataverse } = stub.ports.organizations;
    const second = { ...organization, id: other, name: 'Other', url: 'https://other.crm4.dynamics.com/' };
    Object.assign(stub.ports.organizations, {
      all: async () => [second, ...(await all())],
      byId: async (id: string) => (id === other ? second : byId(id)),
      byUrl: async (url: string) => (url === second.url ? second : byUrl(url)),
      dataverse: async (id: string) => {
        if (id !== other) return dataverse(id);
        return { isSystemAdministrator: answer, isEnabledUser: answer } as unknown as Dataverse;
      },
    } satisfies Organizations);
    return { ports: stub.ports, second };
  }

  test('who may use one is not kept waiting by another that does not answer', async () => {
    const { ports } = twoOrganizations(() => new Promise<boolean>(() => {}));
    const error = await errorOf(apiOperations(ports).profilesGet(request({ id: other })));
    expect(error.code).toBe('PROFILE_NOT_FOUND');
  });

  test('a refusal tells of the organization no more than what the caller named it by', async () => {
    const { ports, second } = twoOrganizations(async () => false);
    const { metadataDiscover: discover, profilesList: list } = apiOperations(ports);
    const byUrl = await errorOf(discover(request({ query: { organizationurl: second.url } })));
    expect(byUrl.message).toContain(second.url);
    expect([byUrl.message, ...byUrl.parameters].join()).not.toMatch(/cccccccc|Other/);
    const byId = await errorOf(list(request({ query: { organizationid: other } })));
    expect(byId.message).toContain(other);
    expect([byId.message, ...byId.parameters].join()).not.toMatch(/other\.crm4|Other/);
  });

  test('strangers do not learn whether a URL and an id are of one organization', async () => {
    const { ports, second } = twoOrganizations(async () => false);
    const answerTo = async (organizationid: string) => {
      const asked = request({ query: { organizationurl: second.url, organizationid } });
      return (await errorOf(apiOperations(ports).metadataConnector(asked))).message;
    };
    expect(await answerTo(organization.id)).toBe(await answerTo(other));
  });
});

test('a defect while looking up a caller is not disguised as a refusal', async () => {
  const stub = stubPorts();
  stub.dataverseError = new TypeError('x is not a function');
  await expect(metadataDiscover(request({ query }), stub.ports)).rejects.toThrow(TypeError);
});

describe('metadata', () => {
  const found = {
    ConnectorUrl: 'https://export.example',
    OrganizationId: organization.id,
    OrganizationName: 'Contoso',
    OrganizationUrl: 'https://contoso.crm4.dynamics.com/',
  };

  test('organizations are shown to their enabled users and to applications with a role', async () => {
    const { ports } = stubPorts();
    for (const caller of [admin, reader, ticketing, deploying])
      expect(await metadataOrganizations(request({ caller }), ports)).toEqual([found]);
    for (const caller of [stranger, powerless])
      expect(await metadataOrganizations(request({ caller }), ports)).toEqual([]);
  });

  test('the connector is the origin of the request, unless a setting names another', async () => {
    const { ports } = stubPorts();
    expect(await metadataDiscover(request({ query }), ports)).toEqual(found);
    expect(await metadataConnector(request({ query }), ports)).toEqual({ ConnectorUrl: found.ConnectorUrl });
    expect(
      await metadataConnector(request({ query }), { ...ports, serviceUrl: 'https://gate.example' }),
    ).toEqual({ ConnectorUrl: 'https://gate.example' });
  });

  test('a connector of two different organizations is refused', async () => {
    const mixed = { ...query, organizationid: '99999999-9999-4999-8999-999999999999' };
    const error = await errorOf(metadataConnector(request({ query: mixed }), stubPorts().ports));
    expect(error.code).toBe('ORGANIZATION_UNKNOWN');
  });

  test('all query parameters that are missing are named', async () => {
    const error = await errorOf(metadataConnector(request(), stubPorts().ports));
    expect(error).toMatchObject({
      code: 'REQUEST_INVALID',
      parameters: ['organizationUrl', 'organizationId'],
    });
  });

  test('only tables that have or can have change tracking are offered, and neither relationships nor activitypointer', async () => {
    expect(await metadataEntities(request({ query }), stubPorts().ports)).toEqual([
      { DisplayName: 'ACCOUNT', LogicalName: 'account' },
      { DisplayName: 'CONTACT', LogicalName: 'contact' },
      { DisplayName: 'UNTRACKED', LogicalName: 'untracked' },
    ]);
  });

  test('an organization that is not served is unknown', async () => {
    const unknown = { organizationurl: 'https://fabrikam.crm4.dynamics.com' };
    for (const operation of [metadataDiscover, metadataEntities])
      expect((await errorOf(operation(request({ query: unknown }), stubPorts().ports))).code).toBe(
        'ORGANIZATION_UNKNOWN',
      );
  });
});

test('the service is healthy as long as it can read its storage', async () => {
  const { ports, logged } = stubPorts();
  expect(await apiOperations(ports).health()).toBe(true);
  ports.profiles.get = async () => {
    throw new ServiceError('STORAGE_UNAVAILABLE', 'Cannot read.');
  };
  expect(await apiOperations(ports).health()).toBe(false);
  expect(logged).toHaveLength(1);
});
