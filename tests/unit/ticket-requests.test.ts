import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../shared/errors.ts';
import { readTicketRequest } from '../../shared/model/read-ticket-request.ts';
import { ticketSystemNames } from '../../shared/model/ticket.ts';
import { correlationIdOf, readTicketSubject, selectionOf } from '../../shared/model/ticket-subject.ts';

const profileId = '55555555-5555-4555-8555-555555555555';
const rowId = '77777777-7777-4777-8777-777777777777';
const sysId = 'd977b66a4f411200adf9f8e18110c7b2';

describe('what a text names', () => {
  test.each([
    [`profile:${profileId}`, selectionOf(profileId)],
    [`PROFILE:${profileId.toUpperCase()}`, selectionOf(profileId)],
    [`table:${profileId}:account`, selectionOf(profileId, { table: 'account' })],
    [`row:${profileId}:Account:${rowId}`, selectionOf(profileId, { table: 'account', recordIds: [rowId] })],
    [
      `failure:${profileId}:account|${rowId}|0af3`,
      selectionOf(profileId, { failureIds: [`account|${rowId}|0af3`] }),
    ],
  ])('%s', (text, selection) => {
    expect(readTicketSubject(text)).toEqual({ selection });
  });

  test.each([
    '',
    'profile:',
    'profile:x',
    `row:${profileId}:account`,
    `rows:${profileId}`,
    `profile:${profileId} `,
    'finding:',
    'finding:a b',
  ])('"%s" is none of them', (text) => expect(readTicketSubject(text)).toBeUndefined());

  test('any finding has a correlation id of its own that is read back and fits every system', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const id = correlationIdOf(one);
        expect(id).toMatch(/^finding:[\w.:~-]{1,92}$/);
        expect(readTicketSubject(id)).toEqual({ correlationId: id });
        if (one !== other) expect(correlationIdOf(other)).not.toBe(id);
      }),
    );
  });
});

const problemsOf = (system: (typeof ticketSystemNames)[number], body: unknown): readonly string[] => {
  try {
    readTicketRequest(system, body);
  } catch (error) {
    return (error as ServiceError).parameters;
  }
  return [];
};

describe('the plain form', () => {
  const right = { ticketId: 'T-1', action: 'retry', about: `profile:${profileId}` };

  test('names failures in a text or as a selection', () => {
    expect(readTicketRequest('json', right)).toMatchObject({
      ...{ ticketId: 'T-1', action: 'retry' },
      subject: { selection: selectionOf(profileId) },
    });
    const selection = {
      ...{ profileId: profileId.toUpperCase(), table: 'account', cause: 'constraint', state: 'waiting' },
      recordIds: [rowId.toUpperCase()],
    };
    const ignored = { ticketId: 'T-1', action: 'ignore', selection, reason: 'They are tests.' };
    expect(readTicketRequest('json', ignored)).toMatchObject({
      reason: 'They are tests.',
      subject: { selection: { ...selection, profileId, recordIds: [rowId] } },
    });
  });

  test('is told all that is wrong with it at once', () => {
    const wrong = {
      ticketId: '',
      action: 'delete',
      selection: { profileId: 'x', recordIds: [], more: 1 },
      extra: 1,
    };
    const problems = problemsOf('json', wrong).join('\n');
    for (const member of [
      'ticketId',
      'action',
      'selection.profileId',
      'selection.recordIds',
      'selection: ',
      'the body',
    ])
      expect(problems).toContain(member);
    expect(problemsOf('json', { ...right, selection: { profileId } })).toHaveLength(1);
    expect(problemsOf('json', { ticketId: 'T-1', action: 'ignore' })).toHaveLength(2);
    expect(problemsOf('json', { ...right, about: 'all' })).toMatchObject([/^about: must be finding:/]);
    for (const body of [null, [], 'Ada', 7]) expect(problemsOf('json', body)).toHaveLength(1);
  });
});

describe('an incident of ServiceNow', () => {
  const incident = {
    ...{ sys_id: sysId, number: 'INC0010001', state: '6', correlation_id: `profile:${profileId}` },
    ...{ close_code: 'Solution provided', close_notes: 'The constraint is gone.', urgency: '2' },
  };

  test('that is resolved or closed has rows written again; one that is canceled has them ignored', () => {
    for (const state of ['6', '7', 6, 7])
      expect(readTicketRequest('servicenow', { ...incident, state })).toEqual({
        ...{ ticketId: sysId, action: 'retouch', subject: { selection: selectionOf(profileId) } },
        reason: 'Incident INC0010001 was resolved: Solution provided: The constraint is gone.',
      });
    expect(
      readTicketRequest('servicenow', { ...incident, state: '8', close_code: null, close_notes: '' }),
    ).toMatchObject({
      ...{ action: 'ignore', reason: 'Incident INC0010001 was canceled.' },
    });
  });

  test('may have notes of any length, of which the beginning is kept', () => {
    const { reason = '' } = readTicketRequest('servicenow', {
      ...incident,
      close_notes: 'x'.repeat(5000),
    }) as { reason?: string };
    expect(reason).toMatch(/x{800}$/);
    expect(reason.length).toBeLessThanOrEqual(1000);
  });

  test('in any other state, or of somebody else, asks for nothing', () => {
    for (const state of ['1', '2', '3'])
      expect(readTicketRequest('servicenow', { ...incident, state })).toHaveProperty('nothing');
    for (const correlation_id of [null, '', undefined, 'CHG123', 'a:finding:x'])
      expect(readTicketRequest('servicenow', { ...incident, correlation_id })).toHaveProperty('nothing');
  });

  test('is told all that is wrong with it at once', () => {
    expect(problemsOf('servicenow', { sys_id: 'x', state: 'Resolved', close_notes: 7 })).toHaveLength(3);
    expect(problemsOf('servicenow', { ...incident, correlation_id: 'row:1' })).toHaveLength(1);
  });
});

describe('an issue of Jira', () => {
  const issue = (status: string, labels: string[], resolution: object | null = null) => ({
    key: 'OPS-12',
    fields: { status: { name: 'Resolved', statusCategory: { key: status } }, labels, resolution },
  });
  const changelog = { items: [{ field: 'resolution' }, { field: 'status' }] };
  const event = (one: object, more: object = { changelog }) => ({
    webhookEvent: 'jira:issue_updated',
    issue: one,
    ...more,
  });
  const about = `profile:${profileId}`;

  test('that comes to done has rows written again, unless it was declined', () => {
    expect(readTicketRequest('jira', event(issue('done', ['x', about])))).toEqual({
      ...{ ticketId: 'OPS-12', action: 'retouch', subject: { selection: selectionOf(profileId) } },
      reason: 'Issue OPS-12 came to Resolved.',
    });
    for (const name of ["Won't Do", 'Won’t fix', 'Declined'])
      expect(readTicketRequest('jira', event(issue('done', [about], { name })))).toMatchObject({
        action: 'ignore',
      });
    // An automation rule sends the issue alone.
    expect(readTicketRequest('jira', { timestamp: 1, issue: issue('done', [about]) })).toMatchObject({
      action: 'retouch',
    });
  });

  test('that is not done, of which something else has changed, or of somebody else, asks for nothing', () => {
    for (const body of [
      event(issue('indeterminate', [about])),
      event(issue('done', [about]), {}),
      event(issue('done', [about]), { changelog: { items: [{ field: 'summary' }] } }),
      event(issue('done', ['x'])),
      { webhookEvent: 'comment_created', issue: issue('done', [about]) },
    ])
      expect(readTicketRequest('jira', body)).toHaveProperty('nothing');
  });

  test('with two labels of ours, or one that names nothing, is told', () => {
    expect(problemsOf('jira', event(issue('done', [about, 'finding:x'])))).toHaveLength(1);
    expect(problemsOf('jira', event(issue('done', ['row:1'])))).toHaveLength(1);
    expect(problemsOf('jira', { issue: { key: 'x', fields: {} } }).length).toBeGreaterThan(1);
  });
});

test('whatever a body is, it is read, asks for nothing, or is refused with its problems, and none of its texts is repeated', () => {
  const marker = 'Ada-Lovelace-1815';
  const text = fc.oneof(
    fc.constant(marker),
    fc.string(),
    fc.constantFrom('6', 'done', 'retouch', sysId, `profile:${profileId}`, 'OPS-1'),
  );
  const leaf = fc.oneof(
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(text, { maxLength: 3 }),
  );
  const names = [
    'ticketId',
    'action',
    'about',
    'selection',
    'reason',
    'sys_id',
    'state',
    'correlation_id',
    'issue',
    'fields',
    'key',
    'labels',
    'status',
    'statusCategory',
    'webhookEvent',
    '__proto__',
  ];
  const object = fc.letrec((tie) => ({
    any: fc.dictionary(fc.constantFrom(...names), fc.oneof({ depthSize: 'small' }, leaf, tie('any')), {
      maxKeys: 6,
    }),
  })).any;
  fc.assert(
    fc.property(fc.constantFrom(...ticketSystemNames), fc.oneof(object, leaf), (system, body) => {
      try {
        readTicketRequest(system, body);
      } catch (error) {
        expect(error).toBeInstanceOf(ServiceError);
        expect(error).toMatchObject({ code: 'REQUEST_INVALID' });
        expect((error as ServiceError).parameters.length).toBeGreaterThan(0);
        expect((error as Error).message).not.toContain(marker);
      }
    }),
    { numRuns: 1000 },
  );
});
