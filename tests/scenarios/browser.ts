import chromium from '@sparticuz/chromium';
import { type BrowserContext, chromium as playwright } from 'playwright-core';

/** Why no browser can be started here; undefined when one can. */
export const noBrowser =
  process.platform === 'linux' && process.arch === 'x64'
    ? undefined
    : `the browser of the tests runs on linux x64 only, this is ${process.platform} ${process.arch}`;

/** What a page did that it should not: violations of its policy, errors of its scripts, lines on its console. */
export type Complaints = readonly string[];

/** A real browser for one test; it ends with it. */
export async function inBrowser(
  use: (context: BrowserContext, complaints: Complaints) => Promise<void>,
): Promise<void> {
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: chromium.args,
  });
  try {
    const complaints: string[] = [];
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    // The machine may be busy with other tests.
    context.setDefaultTimeout(90_000);
    context.on('console', (line) => complaints.push(`${line.type()}: ${line.text()}`));
    context.on('weberror', (error) => complaints.push(String(error.error())));
    await context.addInitScript(`addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error('violated: ' + violatedDirective + ' by ' + blockedURI));`);
    await use(context, complaints);
  } finally {
    await browser.close();
  }
}
