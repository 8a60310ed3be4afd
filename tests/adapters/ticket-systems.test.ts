import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jiraLogin } from '../../local/tickets/jira-api.ts';
import { webhookSecrets } from '../../local/tickets/send-webhook.ts';
import { serviceNowLogin } from '../../local/tickets/service-now-api.ts';
import { startTickets, type Tickets } from '../../local/tickets/start-tickets.ts';
import type { StoredTicket } from '../../local/tickets/ticket-store.ts';
import { jiraServiceManagement } from '../../shared/adapters/tickets/jira-service-management.ts';
import { plainJson } from '../../shared/adapters/tickets/plain-json.ts';
import { serviceNow } from '../../shared/adapters/tickets/service-now.ts';
import type { TicketSystemName } from '../../shared/model/ticket.ts';
import type { TicketSystem } from '../../shared/ports/ticket-system.ts';
import { aTicket, type TicketWorld, ticketSystemContract } from '../contracts/ticket-system.ts';
import { fakeTicketSystem } from '../fakes/fake-tickets.ts';

let tickets: Tickets;
beforeAll(async () => {
  tickets = await startTickets({ port: 0 });
});
afterAll(() => tickets.close());

const clock = { now: () => new Date() };
const simulator = async (method: string, path: string, body?: object) => {
  const response = await fetch(`${tickets.url}/simulator${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
};

const adapters: Record<
  TicketSystemName,
  {
    make: (credential: string, more?: { timeoutSeconds: number }) => TicketSystem;
    login: string;
    open: string;
  }
> = {
  servicenow: {
    make: (login, more) => serviceNow({ url: tickets.url, credential: async () => login, ...more }),
    login: serviceNowLogin,
    open: '/api/now/table/incident',
  },
  jira: {
    make: (login, more) =>
      jiraServiceManagement({ url: tickets.url, credential: async () => login, place: '4/27', ...more }),
    login: jiraLogin,
    open: '/rest/servicedeskapi/request',
  },
  json: {
    make: (login, more) =>
      plainJson({ url: tickets.url, credential: async () => login, place: '/tickets', clock, ...more }),
    login: `another-Secret-of-an-old-rotation\n${webhookSecrets.json}`,
    open: '/tickets',
  },
};
const names = Object.keys(adapters) as TicketSystemName[];

async function seen(correlationId: string) {
  const { tickets: all } = (await simulator('GET', '')) as { tickets: StoredTicket[] };
  return all
    .filter((one) => one.correlationId === correlationId || one.labels.includes(correlationId))
    .map(({ id, title, text, state, isUrgent, labels, comments }) => ({
      ...{ id, title, text, isOpen: !['6', '7', '8'].includes(state) },
      isUrgent: isUrgent || labels.includes('urgent'),
      comments: comments.map((comment) => comment.text),
    }));
}

function worldOf(name: TicketSystemName): TicketWorld {
  const { make, login, open } = adapters[name];
  return {
    system: make(login),
    seen,
    loseAnswer: async () => {
      // Of the plain form each call is a POST: the one that looks first is not the one that is meant.
      if (name === 'json') await simulator('POST', '/faults', { route: open, kind: 'lost' });
      else await simulator('POST', '/faults', { route: open, method: 'POST', kind: 'lost' });
    },
    ...(name === 'servicenow' && {
      closeForGood: async (ticketId: string) => {
        await simulator('POST', '/resolve', { system: name, ticketId, state: '7', isTold: false });
      },
    }),
  };
}

describe('a ticketing system in memory', () =>
  ticketSystemContract(() => {
    const { system, tickets: all, weather } = fakeTicketSystem();
    return {
      system,
      seen: async (correlationId) =>
        all
          .filter((one) => one.correlationId === correlationId)
          .map(({ correlationId: _same, comments, ...rest }) => ({
            ...rest,
            comments: [...comments.values()],
          })),
      loseAnswer: async () => {
        weather.losses = 1;
      },
    };
  }));

describe.each(names)('%s, as simulated', (name) => {
  ticketSystemContract(() => worldOf(name));

  const { make, login } = adapters[name];
  test.each([
    ['429', 'TICKET_SYSTEM_UNREACHABLE', 7],
    ['500', 'TICKET_SYSTEM_UNREACHABLE', undefined],
    ['503', 'TICKET_SYSTEM_UNREACHABLE', undefined],
    ['reset', 'TICKET_SYSTEM_UNREACHABLE', undefined],
    ['slow', 'TICKET_SYSTEM_UNREACHABLE', undefined],
    ['html', 'TICKET_SYSTEM_ANSWER_UNREADABLE', undefined],
    ['redirect', 'TICKET_SYSTEM_REFUSED', undefined],
  ])('%s is told as %s', async (kind, code, retryAfterSeconds) => {
    await simulator('POST', '/faults', { kind });
    const find = make(login, { timeoutSeconds: 0.3 }).find('finding:x');
    await expect(find).rejects.toMatchObject({ code, retryAfterSeconds });
    await expect(make(login).find('finding:x')).resolves.toBeUndefined();
  });

  test('a login that is not taken is told, and is in no message', async () => {
    const wrong = 'nobody:Wrong-Password-of-32-characters-1';
    const error = await make(wrong)
      .open(aTicket())
      .catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'TICKET_SYSTEM_REFUSED' });
    expect(JSON.stringify([error, String((error as Error).stack)])).not.toMatch(/Wrong-Password|bm9ib2R5/);
  });

  test('nothing answers there', async () => {
    const url = 'http://127.0.0.1:9';
    const nowhere =
      name === 'servicenow'
        ? serviceNow({ url, credential: async () => login })
        : name === 'jira'
          ? jiraServiceManagement({ url, credential: async () => login, place: '4/27' })
          : plainJson({ url, credential: async () => login, clock });
    await expect(nowhere.find('finding:x')).rejects.toMatchObject({ code: 'TICKET_SYSTEM_UNREACHABLE' });
  });
});
