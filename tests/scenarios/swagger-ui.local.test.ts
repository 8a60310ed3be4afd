import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { organizationId } from '../../local/sign-ins.ts';
import { inBrowser, noBrowser } from './browser.ts';
import { userToken } from './callers.ts';
import { profileBody, runningPlatform } from './running-platform.ts';

if (noBrowser !== undefined) console.warn(`Skipped: ${noBrowser}.`);

const platform = runningPlatform();

async function open(page: Page): Promise<void> {
  await page.goto(`${platform().addresses.app}/swagger`);
  await page.locator('.opblock').first().waitFor();
}

async function authorize(page: Page, pasted: string): Promise<void> {
  await page.locator('.scheme-container button.authorize').click();
  await page.locator('.auth-container input').fill(pasted);
  await page.locator('.auth-btn-wrapper button.authorize').click();
  await page.locator('.auth-btn-wrapper button.btn-done').click();
}

/** Opens an operation, fills it in, executes it, and gives what the page shows of the answer. */
async function tryOut(page: Page, operationId: string, fillIn: Readonly<Record<string, string>> = {}) {
  const operation = page.locator(`[id$="-${operationId}"]`);
  await operation.locator('.opblock-summary-control').click();
  await operation.locator('.try-out__btn').click();
  for (const [selector, text] of Object.entries(fillIn)) await operation.locator(selector).fill(text);
  await operation.locator('button.execute').click();
  const answer = operation.locator('.live-responses-table tr.response');
  const body = answer.locator('.highlight-code .microlight, .highlight-code pre').first();
  const status = await answer.locator('.response-col_status').innerText();
  return { status: Number.parseInt(status, 10), body: JSON.parse(await body.innerText()) };
}

describe.skipIf(noBrowser !== undefined)('the page of the API in a real browser', () => {
  test('is reached from /swagger, loads from its own origin only, and its policy is never violated', () =>
    inBrowser(async (context, complaints) => {
      const page = await context.newPage();
      const origins = new Set<string>();
      page.on('request', (request) => origins.add(new URL(request.url()).origin));
      await open(page);
      expect(new URL(page.url()).pathname).toBe('/swagger/ui/index');
      await expect.poll(() => page.title()).toBe('Data Export Service API');
      expect(await page.locator('.opblock').count()).toBe(19);
      await page.locator('section.models h4 button').click();
      await page.locator('.model-container').first().waitFor();
      expect([...origins]).toEqual([platform().addresses.app]);
      expect(complaints).toEqual([]);
    }));

  test.each([
    ['as it is', (token: string) => token],
    ['with the word Bearer', (token: string) => `Bearer ${token}\n`],
  ])('calls with a pasted token, %s', (_, pasted) =>
    inBrowser(async (context, complaints) => {
      const { app, dataverse, entra } = platform().addresses;
      const page = await context.newPage();
      await open(page);
      await authorize(page, pasted(await userToken(entra, 'admin')));
      const organizations = await tryOut(page, 'Metadata_GetOrganizations');
      expect(organizations).toMatchObject({
        status: 200,
        body: [{ ConnectorUrl: app, OrganizationId: organizationId }],
      });
      const found = await tryOut(page, 'Metadata_GetOrgDetails', {
        '[data-param-name="organizationUrl"] input': dataverse,
      });
      expect(found).toMatchObject({ status: 200, body: { OrganizationUrl: `${dataverse}/` } });
      expect(complaints).toEqual([]);
    }),
  );

  test('posts and puts a body, and shows what is wrong with it', () =>
    inBrowser(async (context, complaints) => {
      const page = await context.newPage();
      await open(page);
      await authorize(page, await userToken(platform().addresses.entra, 'admin'));
      const body = profileBody(platform(), ['account'], { Name: 'From the page' });
      const created = await tryOut(page, 'Profiles_CreateProfile', { textarea: JSON.stringify(body) });
      expect(created).toMatchObject({ status: 200, body: { Name: 'From the page', State: 0 } });
      const changed = await tryOut(page, 'Profiles_UpdateProfile', {
        '[data-param-name="id"] input': created.body.Id,
        textarea: JSON.stringify(created.body, null, 2),
      });
      expect(changed).toMatchObject({ status: 200, body: { Id: created.body.Id } });
      expect(complaints).toEqual([]);
      const example = await tryOut(page, 'Profiles_ValidateBeforeProfileCreation');
      expect(example).toMatchObject({ status: 400, body: { ErrorCode: 'ORGANIZATION_UNKNOWN' } });
    }));

  test('tells a caller without a token so', () =>
    inBrowser(async (context) => {
      const page = await context.newPage();
      await open(page);
      expect(await tryOut(page, 'Metadata_GetOrganizations')).toMatchObject({
        status: 401,
        body: { ErrorCode: 'REQUEST_TOKEN_MISSING' },
      });
    }));

  test('a browser sees that the policy holds: a script written into the page does not run', () =>
    inBrowser(async (context, complaints) => {
      const page = await context.newPage();
      await open(page);
      await page.evaluate(`const script = document.createElement('script');
        script.textContent = 'window.hasRun = true';
        document.body.append(script);`);
      expect(await page.evaluate('window.hasRun')).toBeUndefined();
      expect(complaints.join()).toContain('violated: script-src');
    }));
});
