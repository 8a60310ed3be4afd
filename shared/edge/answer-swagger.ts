import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { asNamed, ServiceError } from '../errors.ts';
import type { Encoding, WebFile } from '../model/web-file.ts';
import type { Door } from './door.ts';
import { errorAnswer } from './error-answer.ts';
import { routeParameter } from './route-parameter.ts';

const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

function bestEncoding(accepted: string): Encoding {
  const names = accepted
    .toLowerCase()
    .split(',')
    .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
    .map((part) => part.split(';')[0]?.trim());
  return (['br', 'gzip'] as const).find((encoding) => names.includes(encoding)) ?? 'identity';
}

/**
 * DES: the document of the API and its page, at the old paths; public. `site` gives the file of a path under `/swagger/`.
 * Paths that only mean the page lead to it, because its own files are named relative to it.
 */
export async function answerSwagger(
  request: Pick<HttpRequest, 'method' | 'url' | 'headers' | 'params'>,
  door: Door,
  site: (path: string) => Promise<WebFile | undefined>,
): Promise<HttpResponseInit> {
  const { pathname } = new URL(request.url);
  const path = (routeParameter(request, 'path') ?? '').toLowerCase();
  if (/^(ui(\/(index\/)?)?)?$/.test(path))
    return { status: 302, headers: { Location: '/swagger/ui/index', ...securityHeaders } };
  try {
    const file = await site(path);
    if (file !== undefined) return fileAnswer(file, request.headers);
    throw new ServiceError(
      'REQUEST_ROUTE_UNKNOWN',
      `Cannot find ${JSON.stringify(asNamed(pathname))}: there is no such file; the page is /swagger/ui/index.`,
    );
  } catch (error) {
    return errorAnswer(error, door, { method: request.method, path: pathname });
  }
}

function fileAnswer(file: WebFile, asked: HttpRequest['headers']): HttpResponseInit {
  const encoding = bestEncoding(asked.get('accept-encoding') ?? '');
  const tag = `W/"${file.version}"`;
  const headers = {
    ...securityHeaders,
    'Cache-Control': 'public, max-age=300',
    ETag: tag,
    Vary: 'Accept-Encoding',
  };
  const known = (asked.get('if-none-match') ?? '').split(',').map((one) => one.trim());
  if (known.includes(tag)) return { status: 304, headers };
  return {
    status: 200,
    headers: {
      ...headers,
      'Content-Type': file.contentType,
      ...(encoding === 'identity' ? {} : { 'Content-Encoding': encoding }),
    },
    body: file.body(encoding),
  };
}
